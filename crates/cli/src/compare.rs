//! `fanin compare`.

use clap::Args;
use fanin::Result;
use fanin::compare::{CompareOptions, Comparison, NetworkComparison, RunId};
use fanin::data::Prepared;
use fanin::report::{self, Json, Material, terminal};
use fanin::spec::Spec;

use crate::args::{Common, DataArgs, ReadingArgs, SchemeParser, TrainArgs, spec_of};
use crate::asked::asked;
use crate::output::{self, Exit};
use crate::progress::{CompareBars, interrupt};
use crate::report_args::{ReportArgs, command_line};
use crate::sweep::SweepArgs;
use crate::tensorboard::{Names, TensorBoardArgs, board};

/// Train one network from many starting points and compare
///
/// For each scheme: what its weights look like before training, a forecast made from that alone,
/// then training by backpropagation over several seeds, and forecast against outcome.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fanin compare                                  # two and ten layers, nine schemes, three seeds
  fanin compare --depths 5,30 --activation tanh
  fanin compare \"features -> 3x128 gelu -> outputs\" --schemes he-normal,orthogonal:1
  fanin compare --data table.csv --target price --schemes torch-default,xavier-uniform
  fanin compare model.onnx --data images.npz --schemes he-normal,orthogonal
  fanin compare --report race.html --open        # the same as a page with pictures
  fanin compare --sweep scale                    # steps to learn against the size of the weights")]
pub struct Compare {
    /// Network as short text, a .toml or an .onnx file, instead of --depths
    #[arg(conflicts_with_all = ["depths", "width", "activation"])]
    model: Option<String>,
    /// Numbers of hidden layers, one network each
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    depths: Option<Vec<usize>>,
    /// Units of every hidden layer [default: 64]
    #[arg(long, value_name = "UNITS")]
    width: Option<usize>,
    /// Activation of every hidden layer [default: relu]
    #[arg(long, value_name = "NAME")]
    activation: Option<String>,
    /// Schemes to start from; `fanin schemes` lists them
    #[arg(long, value_delimiter = ',', value_name = "SCHEME,…", value_parser = SchemeParser,
          hide_possible_values = true)]
    schemes: Option<Vec<String>>,
    /// Number of seeds for each [default: 3]
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    seeds: Option<u64>,
    #[command(flatten)]
    sweep: SweepArgs,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    training: TrainArgs,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    tensorboard: TensorBoardArgs,
}

impl Compare {
    /// Runs the comparison.
    pub fn run(&self, common: &Common) -> Result<Exit> {
        if self.sweep.sweep.is_some() {
            return self.sweep.run(common, &self.report);
        }
        self.report.check()?;
        self.tensorboard.folder()?;
        let read = spec_of(self.model.as_deref())?;
        let options = self.options(read.clone(), common)?;
        let (data, models) = fanin::open_compared(&options)?;
        let comparison = Comparison::of_networks(&options, &data, models)?;
        let show = |text: String| {
            if !common.json {
                output::text(&text);
            }
        };
        show(terminal::heading(&options, &data));
        let mut networks = comparison.check()?;
        networks.iter().for_each(|n| show(terminal::before_training(n, output::width())));

        let names: Vec<String> = networks.iter().map(|n| n.model.clone()).collect();
        let bars = CompareBars::new(&names, &options.schemes, comparison.steps_per_network()?);
        let interrupt = interrupt();
        comparison.train(&mut networks, &bars, &interrupt)?;
        let is_interrupted = interrupt.requested();
        drop(interrupt);
        bars.clear();
        if common.json {
            output::json(&Json::new("compare", &comparison.report(&networks)));
        }
        let target = comparison.threshold().target;
        networks.iter().for_each(|n| show(terminal::after_training(n, data.task, target)));
        let seeds = self.seeds.iter().map(|seeds| ("seeds", Some(seeds.to_string())));
        let asked = asked(self.model.as_deref(), read, common, seeds.collect());
        show(terminal::next_steps(&options, &networks, &asked));
        self.write_events(&comparison, &networks, &data)?;
        self.report.write(|| {
            let seeds = match options.spec.train.seeds.len() {
                1 => "one seed".to_owned(),
                seeds => format!("{seeds} seeds"),
            };
            let (traces, replays) = (comparison.trace()?, comparison.replays()?);
            Ok(report::report(&Material {
                title: format!("{} starting points compared", options.schemes.len()),
                subtitle: format!("{seeds} each, on {}", data.source),
                command: command_line(),
                spec: Some(&options.spec),
                data: Some(&data),
                networks: &networks,
                traces: &traces,
                replays: &replays,
                ..Material::default()
            }))
        })?;
        Ok(if is_interrupted { Exit::Interrupted } else { Exit::Done })
    }

    /// Writes event files, if they were asked for: a folder for every run, by network, scheme and
    /// seed.
    fn write_events(
        &self,
        comparison: &Comparison<'_>,
        networks: &[NetworkComparison],
        data: &Prepared,
    ) -> Result<()> {
        let Some(folder) = self.tensorboard.folder()? else { return Ok(()) };
        let (mut names, mut scheme) = (Names::default(), String::new());
        for run in comparison.runs() {
            let RunId { network: place, scheme: entry, seed } = run;
            let network = &networks[place];
            let entry = &network.entries[entry];
            if seed == 0 {
                scheme = names.free(&format!("{} {}", network.model, entry.scheme));
            }
            let board = board()
                .with_measurement(&entry.starts[seed].measurement)
                .with_values(0, &comparison.layer_values(run)?);
            let board = match entry.trained.get(seed) {
                Some(trained) => board.with_epochs(&trained.history, data.task),
                None => board,
            };
            board.write(&folder.join(&scheme).join(format!("seed-{seed}")))?;
        }
        Ok(())
    }

    fn options(&self, read: Spec, common: &Common) -> Result<CompareOptions> {
        let mut options = CompareOptions { spec: read, ..Default::default() };
        options.own_model = self.model.is_some();
        options.depths = self.depths.clone().unwrap_or(options.depths);
        options.width = self.width.unwrap_or(options.width);
        options.activation = self.activation.clone().unwrap_or(options.activation);
        options.schemes = self.schemes.as_deref().map_or(options.schemes, fanin::init::list);
        if self.seeds.is_some() || common.seed.is_some() {
            let count = self.seeds.unwrap_or(options.spec.train.seeds.len() as u64);
            options.spec.train.seeds = common.seeds(count);
        }
        self.reading.apply(&mut options.spec);
        self.data.apply(&mut options.spec)?;
        self.training.apply(&mut options.spec)?;
        Ok(options)
    }
}
