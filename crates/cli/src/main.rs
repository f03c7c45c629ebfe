//! The `fanin` command: arguments in, one façade call, output.
#![forbid(unsafe_code)]

fn main() {
    let options = fanin::compare::CompareOptions::default();
    let loaded = fanin::data::load("digits", &fanin::data::LoadOptions::default()).unwrap();
    let data = fanin::data::prepare(loaded, &fanin::data::PrepareOptions::default()).unwrap();
    let c = fanin::compare::Comparison::new(&options, &data).unwrap();
    use fanin::report::terminal as t;
    print!("{}", t::heading(&options, &data));
    let start = std::time::Instant::now();
    let mut n = c.check().unwrap();
    eprintln!("check {:?}", start.elapsed());
    for n in &n {
        print!("{}", t::before_training(n));
    }
    c.train(&mut n, &(), &Default::default()).unwrap();
    eprintln!("train {:?}", start.elapsed());
    for n in &n {
        print!("{}", t::after_training(n, data.task, 0.9));
    }
    print!("{}", t::next_steps(&n));
}
