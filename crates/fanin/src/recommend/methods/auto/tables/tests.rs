//! What tables of a network of words begin with.

use fanin_engine::{Shape, Wire};

use super::*;
use crate::check::evidence::Horizon;
use crate::error::Result;
use crate::init::fans::Axes;
use crate::init::{Parameter, Rules, for_model};
use crate::recommend::methods::auto::{Auto, expected};
use crate::recommend::{Change, Method, Problem};
use crate::spec::{Architecture, Body, Feed, Ground, LayerWires, Layout, Loss, Model, Numbers};

const WORDS: usize = 32;
const PLACES: usize = 6;
const WIDTH: usize = 16;

/// Words, with a vector for each place added, to one layer for each word.
#[derive(Clone, Copy, Debug)]
struct Reader {
    /// Whether a norm stands between the vectors and the layer.
    has_norm: bool,
    /// Whether the layer is the words' table in the module, which an exporter turned.
    is_tied: bool,
}

impl Reader {
    fn draw(self, ground: Ground) -> Result<(Body, Vec<Parameter>)> {
        let Ground { mut graph, features, rows, .. } = ground;
        let mut parameters = Vec::new();
        for (name, rows) in [("words", WORDS), ("places", PLACES)] {
            let shape = [rows, WIDTH];
            let mut table = Parameter::new(&format!("{name}.weight"), shape, Role::Embedding);
            table.axes = Axes::new(0, 1);
            parameters.push(table);
        }
        let mut head = Parameter::linear("head.weight", WORDS, WIDTH);
        if self.is_tied {
            (head.shape, head.axes) = ([WIDTH, WORDS].into(), Axes::new(0, 1));
            head.framework = Some("words.weight".to_owned());
        }
        let weight_axes = head.axes.clone();
        parameters.push(head);
        let wires: Vec<Wire> =
            parameters.iter().map(|own| graph.parameter(&own.name, own.shape.clone())).collect();
        let words = graph.to_integer(features)?;
        let words = graph.gather(wires[0], words)?;
        let mut x = graph.add(words, wires[1])?;
        if self.has_norm {
            x = graph.standardize_trailing(x, 1, 1e-5)?;
        }
        let z = if self.is_tied {
            graph.matmul(x, wires[2])?
        } else {
            graph.matmul_transposed(x, wires[2])?
        };
        let layer = LayerWires {
            module: "head".to_owned(),
            weight: 2,
            bias: None,
            weight_axes,
            input: x,
            pre_activation: z,
            activation: z,
            bend: None,
            layout: Layout::units_last(3),
            branches: Vec::new(),
        };
        let output = graph.reshape(z, [rows, PLACES, WORDS])?;
        let names = parameters.iter().map(|own| own.name.clone()).collect();
        let (cells, running) = (Vec::new(), Vec::new());
        let trained = vec![0, 1, 2];
        Ok((
            Body { graph, output, names, trained, layers: vec![layer], cells, running },
            parameters,
        ))
    }
}

impl Architecture for Reader {
    fn label(&self) -> String {
        "reader".to_owned()
    }

    fn inputs(&self) -> usize {
        PLACES
    }

    fn output(&self) -> Shape {
        [PLACES, WORDS].into()
    }

    fn feeds(&self) -> Vec<Feed> {
        let numbers = Numbers::Indices(WORDS);
        vec![Feed { name: "words".to_owned(), columns: PLACES, axes: vec![PLACES], numbers }]
    }

    fn parameters(&self) -> Result<Vec<Parameter>> {
        Ok(self.draw(Ground::new(PLACES, 1, crate::spec::Mode::Probe))?.1)
    }

    fn build(&self, ground: Ground) -> Result<Body> {
        Ok(self.draw(ground)?.0)
    }
}

/// What changes of tables that start with these deviations, and E z² of the logits after it.
fn changes(reader: Reader, (words, places): (f64, f64)) -> (Vec<Change>, f64) {
    let model = Model::graph(reader);
    let patterns = [("words.weight", words), ("places.weight", places)];
    let patterns = patterns.map(|(name, own)| (name.to_owned(), format!("normal:{own}")));
    let rules = Rules { patterns: patterns.to_vec(), ..Rules::new("xavier-normal") };
    let weights = for_model(&model, &rules, 0).unwrap();
    let problem = |weights| Problem {
        model: &model,
        loss: &Loss::CrossEntropy,
        weights,
        data: None,
        horizon: Horizon::SAMPLE,
        seed: 0,
    };
    let found = Auto.recommend(&problem(&weights)).unwrap();
    let logits = expected(&problem(&found.weights)).unwrap()[0].signal;
    (found.changes, logits)
}

#[track_caller]
fn check(has_norm: bool, start: (f64, f64), wanted: &[(&str, f64)]) {
    check_of(Reader { has_norm, is_tied: false }, start, wanted);
}

#[track_caller]
fn check_of(reader: Reader, start: (f64, f64), wanted: &[(&str, f64)]) {
    let (changes, logits) = changes(reader, start);
    let tables: Vec<&Change> =
        changes.iter().filter(|change| change.role == Role::Embedding).collect();
    let names: Vec<&str> = tables.iter().map(|change| change.parameter.as_str()).collect();
    assert_eq!(names, wanted.iter().map(|own| own.0).collect::<Vec<_>>(), "{changes:?}");
    for (change, (name, deviation)) in tables.iter().zip(wanted) {
        // The least table has 96 elements: three standard errors of a deviation are 22 %.
        assert!((change.after.deviation / deviation - 1.0).abs() < 0.22, "{name}: {change:?}");
    }
    assert!((0.4..2.0).contains(&logits), "{logits}");
}

#[test]
fn small_tables_of_words_begin_at_one() {
    check(false, (0.02, 0.01), &[("words.weight", 1.0)]);
    check(false, (1.0, 0.02), &[]);
}

#[test]
fn places_do_not_drown_words() {
    check(false, (1.0, 4.0), &[("places.weight", 1.0)]);
    check(true, (0.1, 1.0), &[("places.weight", 0.1)]);
}

#[test]
fn words_that_a_norm_reads_keep_their_scale() {
    check(true, (0.02, 0.01), &[]);
}

/// The head's scale of 0.2 opens the stream, which places are not to drown.
#[test]
fn words_that_are_the_head_too_begin_as_it_does() {
    let tied = Reader { has_norm: true, is_tied: true };
    check_of(tied, (1.0, 4.0), &[("words.weight", 0.25), ("places.weight", 0.204)]);
}
