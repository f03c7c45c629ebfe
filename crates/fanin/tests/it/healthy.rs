//! The networks that symptoms must be silent on do learn, so the silence is right.

use std::borrow::Cow;

use fanin::data::{LoadOptions, PrepareOptions, Prepared, Task, load, prepare};
use fanin::init::{Rules, for_model};
use fanin::spec::{Model, Spec};
use fanin::train::loop_control::Silent;
use fanin::train::{Course, Interrupt, Rows, Session};

use crate::zoo::{Healthy, ZOO};

fn prepared(name: &str) -> Prepared {
    prepare(load(name, &LoadOptions::default()).unwrap(), &PrepareOptions::default()).unwrap()
}

fn accuracy(network: &Healthy, data: &Prepared) -> f64 {
    let model: Model = network.model.parse().unwrap();
    let patterns = network.patterns.iter().map(|(p, s)| ((*p).to_owned(), (*s).to_owned()));
    let rules = Rules { patterns: patterns.collect(), ..Rules::new(network.scheme) };
    let weights = for_model(&model, &rules, 0).unwrap();
    let mut spec = Spec::default();
    spec.train.epochs = network.epochs;
    let course = Course::new(&spec, Task::Classification, 0).unwrap();
    let rows =
        Rows { train: Cow::Borrowed(&data.train), validation: None, test: data.test.as_ref() };
    let mut session = Session::new(&model, &weights, course, rows).unwrap();
    session.run(&mut Silent, &Interrupt::default()).unwrap();
    session.history().last().unwrap().accuracy.unwrap()
}

#[test]
fn every_healthy_network_of_the_zoo_learns() {
    for name in ["digits", "spirals", "xor"] {
        let data = prepared(name);
        let networks: Vec<&Healthy> = ZOO.iter().filter(|n| n.data == name).collect();
        let reached = fanin_kernels::threads::map(&networks, |n| accuracy(n, &data));
        for (network, reached) in networks.iter().zip(reached) {
            assert!(reached >= 0.9, "{network:?} reached {reached}");
        }
    }
}
