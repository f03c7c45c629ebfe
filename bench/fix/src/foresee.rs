//! Is what theory foresees of every network what is measured in it?
//!
//! Hidden layers are widened to 512 units, where theory should hold. A deep network of any one draw
//! strays from the mean over draws, so draws are added until their mean is known well enough. Where
//! it does not hold, what may be the cause is changed and measured again: the width, the size of the
//! outputs; and borders of pictures are held against their middles.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use fanin::data::Prepared;
use fanin::init::Rules;
use fanin::recommend::{Expected, expected_of_width};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::measured::{Mean, Measured, Store, Subject};
use crate::networks::Network;
use crate::record::read;
use crate::score::usual;
use crate::tasks::Tasks;

/// Units of every hidden layer.
const WIDTH: usize = 512;
/// Units of every hidden layer where a width of 512 may be too small: what goes with one over the width
/// is then four times as much.
pub const NARROW: usize = 128;
/// The scheme of a head whose outputs are so small that what rows are answered does not go by them.
const QUIET: &str = "normal:0.001";
/// Walks of theory at most whose units are drawn: first, and where what they say is off. Of fifty relu layers
/// of 512 units the mean over 48 walks is known to 11 %.
pub const WALKS: [usize; 2] = [48, 300];
/// Walks at most of networks of so many weights, which are cheap and narrow: what goes with one over
/// the width is known to a few percent by no less.
pub const OF_SMALL: (usize, usize) = (4096, 1 << 15);
/// How far a second moment may be off, as a factor.
pub const BOUND: f64 = 1.1;

/// What theory says of one quantity of a network over what was measured, where it is farthest off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// Foreseen over measured second moment.
    pub value: f64,
    /// The relative standard error of both.
    pub error: f64,
    /// The layer, counted from 0.
    pub layer: usize,
}

/// How well a network is foreseen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Foreseen {
    /// The task's name.
    pub task: String,
    /// The network's name, before it was widened.
    pub network: String,
    /// The scheme that drew it.
    pub scheme: String,
    /// Units of its hidden layers; none where it kept its own.
    pub width: Option<usize>,
    /// Draws whose mean was taken.
    pub draws: u64,
    /// E z².
    pub signal: Ratio,
    /// E‖∂loss/∂W‖².
    pub gradient: Ratio,
    /// What was tried where it is off.
    #[serde(default)]
    pub tried: Tried,
}

/// Causes that were tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Signal and gradient of the same layers in a network a quarter as wide.
    #[serde(default)]
    pub narrow: Option<[Ratio; 2]>,
    /// Signal and gradient of the layers that are then farthest off, with outputs near 0.
    pub quiet: Option<[Ratio; 2]>,
    /// E z² at the borders of pictures over that of their middles, in the layer whose signal is
    /// farthest off.
    pub border: Option<f64>,
    /// The cosines of neighbors and of any two places in the pictures of the layer where they are
    /// farthest apart.
    #[serde(default)]
    pub places: Option<[f64; 2]>,
    /// The first layer whose numbers are more than f32 holds in some draw, and E z² there as theory has it.
    #[serde(default)]
    pub overflow: Option<(usize, f64)>,
}

impl Ratio {
    /// Whether it is within the bound, or as near as is known: two errors, which may not be large.
    pub fn holds(&self) -> bool {
        self.is_known() && self.value.ln().abs() <= self.tolerance()
    }

    /// How far its logarithm may be off.
    fn tolerance(&self) -> f64 {
        BOUND.ln().max(2.0 * self.error)
    }

    /// Whether it was measured well enough to say anything.
    pub fn is_known(&self) -> bool {
        /// Twice this is a factor of 1.5.
        const MOST: f64 = 0.2;
        self.error <= MOST
    }
}

impl Foreseen {
    /// Whether signal and gradient are foreseen.
    pub fn holds(&self) -> bool {
        self.signal.holds() && self.gradient.holds()
    }
}

/// Holds theory against measurements for every network that the file at `path` lacks, and appends to it; what
/// is not in `store` is measured first.
///
/// # Errors
/// If a file cannot be written, or a network cannot be built.
pub fn all(networks: &[Network], path: &Path, mut store: Store) -> Result<(), Failure> {
    let known: Vec<Foreseen> = read(path)?;
    let tasks = Tasks::load();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    for network in networks {
        if known.iter().any(|own| own.network == network.name && own.task == network.task.name()) {
            continue;
        }
        let Some(data) = tasks.get(network)? else { continue };
        let found = fanin::with_threads(Some(1), || one(network, &data, &mut store))??;
        writeln!(file, "{}", serde_json::to_string(&found)?)?;
        let word = if found.holds() { "foreseen" } else { "OFF" };
        eprintln!("{}: {word}: {found:?}", network.describe());
    }
    Ok(())
}

/// What theory says of every layer, and what was measured.
struct Look {
    told: Vec<Expected>,
    measured: Measured,
}

fn one(network: &Network, data: &Prepared, store: &mut Store) -> Result<Foreseen, Failure> {
    let wide = network.widened(WIDTH);
    let scheme = usual(network);
    let rules = Rules::new(scheme);
    let (own, form) = match &wide {
        Some(wide) => (wide, format!("{WIDTH} units")),
        None => (network, "its own units".to_owned()),
    };
    let subject = Subject { network: own, form: &form, data, rules: &rules };
    let told = |look: &Look| Foreseen {
        task: network.task.name().to_owned(),
        network: network.name.clone(),
        scheme: scheme.to_owned(),
        width: wide.as_ref().map(|_| WIDTH),
        draws: look.measured.draws,
        signal: look.worst(0),
        gradient: look.worst(1),
        tried: Tried::default(),
    };
    let [few, many] = WALKS;
    let mut first = look(&subject, few, store)?;
    let found = told(&first);
    // What few walks say may not be excused by their own error: more are taken.
    first.told.iter_mut().for_each(|own| own.errors = [0.0; 2]);
    if found.holds() && told(&first).holds() {
        return Ok(found);
    }
    let mut closer = look(&subject, many, store)?;
    let mut found = told(&closer);
    let weights: usize = own.model()?.parameters()?.iter().map(|own| own.shape.elements()).sum();
    if !found.holds() && weights <= OF_SMALL.1 {
        closer = look(&subject, OF_SMALL.0, store)?;
        found = told(&closer);
    }
    if !found.holds() {
        found.tried = tried(network, &subject, (&found, &closer), store)?;
    }
    Ok(found)
}

fn tried(
    network: &Network,
    subject: &Subject<'_>,
    (found, own): (&Foreseen, &Look),
    store: &mut Store,
) -> Result<Tried, Failure> {
    let layers = [found.signal.layer, found.gradient.layer];
    let narrow = match network.widened(NARROW) {
        Some(narrow) => {
            let form = format!("{NARROW} units");
            let subject = Subject { network: &narrow, form: &form, ..*subject };
            let look = look(&subject, WALKS[1], store)?;
            Some([0, 1].map(|which| look.ratio(layers[which], which)))
        }
        None => None,
    };
    let parameters = subject.network.model()?.parameters()?;
    let head = parameters.iter().rfind(|own| own.place.is_head && own.role.is_matrix());
    let quiet = match head {
        Some(head) if !found.gradient.holds() => {
            let patterns = vec![(head.name.clone(), QUIET.to_owned())];
            let rules = Rules { patterns, ..subject.rules.clone() };
            let form = format!("{}, outputs near 0", subject.form);
            let subject = Subject { form: &form, rules: &rules, ..*subject };
            let look = look(&subject, WALKS[1], store)?;
            Some([0, 1].map(|which| look.worst(which)))
        }
        _ => None,
    };
    let measured = &own.measured.layers;
    let over = measured.iter().position(|layer| layer.squares[0].value.is_none());
    let overflow = over.map(|layer| (layer, own.told[layer].signal.min(f64::MAX)));
    let border = measured[layers[0]].border.filter(|[_, middle]| *middle > 0.0);
    let border = border.map(|[border, middle]| border / middle);
    let cosines = measured.iter().filter_map(|layer| layer.places);
    let cosines = cosines.map(|[near, any, square]| [near / square, any / square]);
    let places = cosines.max_by(|a, b| (a[0] - a[1]).total_cmp(&(b[0] - b[1])));
    Ok(Tried { narrow, quiet, border, places, overflow })
}

/// What theory says of a network, and what is measured.
fn look(subject: &Subject<'_>, walks: usize, store: &mut Store) -> Result<Look, Failure> {
    let measured = store.get(subject)?;
    let model = subject.network.model()?;
    let weights = measured.typical(&model, subject.rules)?;
    let told = subject.with(&model, &weights, |problem| expected_of_width(problem, walks))?;
    Ok(Look { told, measured })
}

impl Look {
    /// The layer whose signal (0) or gradient (1) is farthest beyond what it may be off.
    fn worst(&self, which: usize) -> Ratio {
        let beyond = |own: &Ratio| {
            let far = if own.value > 0.0 { own.value.ln().abs() } else { f64::INFINITY };
            far - if own.is_known() { own.tolerance() } else { BOUND.ln() }
        };
        let ratios = (0..self.told.len()).map(|layer| self.ratio(layer, which));
        let none = Ratio { value: 1.0, error: 0.0, layer: 0 };
        ratios.max_by(|a, b| beyond(a).total_cmp(&beyond(b))).unwrap_or(none)
    }

    /// What was told of a layer's signal (0) or gradient (1) over what was measured.
    fn ratio(&self, layer: usize, which: usize) -> Ratio {
        let Mean { value, error } = self.measured.layers[layer].squares[which];
        let expected = self.told[layer];
        let told = if which == 0 { expected.signal } else { expected.gradient };
        // What overflows is told as nothing, which no file needs a word for.
        let value = value.map_or(0.0, |mean| {
            let ratio = if told == 0.0 && mean == 0.0 { 1.0 } else { told / mean };
            if ratio.is_finite() { ratio } else { 0.0 }
        });
        let error = error.hypot(expected.errors[which]).min(f64::MAX);
        Ratio { value, error, layer }
    }
}
