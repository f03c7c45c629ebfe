//! What is drawn for a parameter, as far as every framework can say it.

use super::{Language, attention, cells, names};
use crate::error::{Error, Result};
use crate::init::{self, Distribution, Parameter, Position};
use crate::recommend::Change;
use crate::spec::Role;

/// What is drawn for a parameter, or for each of its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Draw {
    /// The same value everywhere.
    Constant(f64),
    /// Normal with mean and deviation.
    Normal(f64, f64),
    /// Uniform between two bounds.
    Uniform(f64, f64),
    /// Normal with mean and deviation, cut at so many deviations to both sides.
    Truncated(f64, f64, f64),
    /// Equal steps from 0 to this.
    Steps(f64),
    /// So many times a matrix with orthonormal rows or columns.
    Orthogonal(f64),
    /// The same at the central tap of a convolution, 0 elsewhere.
    DeltaOrthogonal(f64),
    /// [A −A; −A A] with A so many times an orthogonal matrix, or the same at the central tap.
    Mirrored {
        /// How many times.
        gain: f64,
        /// Whether all other taps are 0.
        is_central: bool,
        /// The lower half is minus the upper one.
        units: bool,
        /// The right half is minus the left one.
        inputs: bool,
    },
}

/// A parameter with what is drawn for it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawn<'a> {
    /// The parameter.
    pub parameter: &'a Parameter,
    /// What is drawn for each part along an axis, or for the whole.
    pub draws: Vec<Draw>,
    /// The axis along which parts lie, and the length of each; none where the whole is drawn.
    pub parts: Option<(usize, Vec<usize>)>,
    /// Whether a matrix is drawn whose units the framework lays out by head.
    pub is_by_head: bool,
    /// Whether a transposed convolution is drawn as a matrix, of which inputs come first.
    pub is_turned: bool,
    /// Whether some modules of the framework lack it.
    pub is_optional: bool,
    /// What is drawn for a second row below, where a framework has two parameters in one.
    pub below: Option<Box<Self>>,
}

impl<'a> Drawn<'a> {
    /// What is drawn for each parameter that changes.
    ///
    /// # Errors
    /// [`Error::Setting`] for a scheme that is not among [`Draw`].
    pub fn all(
        parameters: &'a [Parameter],
        changes: &[Change],
        language: Language,
    ) -> Result<Vec<Self>> {
        let changed = changes.iter().filter_map(|change| {
            let parameter = parameters.iter().find(|p| p.name == change.parameter)?;
            Some(Self::new(parameter, &change.scheme, language))
        });
        changed.collect()
    }

    fn new(parameter: &'a Parameter, scheme: &str, language: Language) -> Result<Self> {
        let is_turned =
            names::is_in_out(parameter) && matches!(language, Language::Torch | Language::Numpy);
        let draw = |part: &Parameter| {
            Draw::of(part, scheme, language).map(|own| if is_turned { own.turned() } else { own })
        };
        let Some(packing) = &parameter.packing else {
            let draws = vec![draw(parameter)?];
            let is_by_head = attention::is_by_head(parameter) && draws[0].is_matrix();
            let is_shaped = draws[0].is_matrix() || draws[0].is_central();
            let is_turned = names::is_transposed_kernel(parameter) && is_shaped;
            return Ok(Self { is_by_head, is_turned, ..Self::whole(parameter, draws) });
        };
        let parts = 0..packing.parts.len();
        let mut draws = parts.map(|i| draw(&parameter.part(i))).collect::<Result<Vec<Draw>>>()?;
        let alike = draws.windows(2).all(|two| two[0] == two[1]);
        let is_matrix = matches!(draws[..], [Draw::Orthogonal(_), ..]);
        if alike && !is_matrix {
            draws.truncate(1);
            return Ok(Self::whole(parameter, draws));
        }
        let mut sizes = packing.parts.iter().map(|(_, size)| *size).collect();
        if !alike && matches!(language, Language::Keras | Language::Flax) {
            (draws, sizes) = cells::ordered(packing, &draws, language).ok_or_else(|| {
                if names::is_exporters(&parameter.name) {
                    return names::unnamed(&parameter.name, language);
                }
                let place = format!("code for {}", language.name());
                let found = format!("parts of {} that are drawn each in its own way", parameter.name);
                let expected = "gates of a recurrent cell or parts of attention, whose order there is \
                                known, or parts that are drawn alike; write the weights to a file instead";
                Error::Setting { place, found, expected: expected.to_owned() }
            })?;
        }
        let is_of_units = parameter.axes.output.contains(&packing.axis);
        let axis = match language {
            // Units come last there, whatever the file has; rules say 0 for units.
            Language::Keras | Language::Flax if is_of_units => 0,
            _ => packing.axis,
        };
        Ok(Self { parts: Some((axis, sizes)), ..Self::whole(parameter, draws) })
    }

    fn whole(parameter: &'a Parameter, draws: Vec<Draw>) -> Self {
        let (parts, below) = (None, None);
        let (is_by_head, is_turned, is_optional) = (false, false, false);
        Self { parameter, draws, parts, is_by_head, is_turned, is_optional, below }
    }

    /// Whether matrices lie behind one another along the first axis, and each is drawn as a whole.
    pub fn is_apart(&self, language: Language) -> bool {
        let parameter = self.parameter;
        let count = parameter.shape.axes().first().copied().unwrap_or(0);
        // A cell's direction is an axis of ONNX alone, which Keras and Flax do not have.
        let is_there = count > 1 || matches!(language, Language::Torch | Language::Numpy);
        parameter.axes.batch == [0] && is_there && self.draws.iter().any(Draw::is_matrix)
    }

    /// Zeros.
    pub fn constant(parameter: &'a Parameter) -> Self {
        Self::whole(parameter, vec![Draw::Constant(0.0)])
    }

    /// One row above the other, as one parameter.
    pub fn stacked(parameter: &'a Parameter, [above, below]: [Self; 2]) -> Self {
        Self { parameter, below: Some(Box::new(below)), ..above }
    }

    /// Whether nothing but 0 is drawn.
    pub fn is_zero(&self) -> bool {
        self.draws.iter().all(|draw| *draw == Draw::Constant(0.0))
    }

    /// What is drawn for a sum of both; none where no plain call draws it.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let count = self.draws.len().max(other.draws.len());
        let of = |own: &Self, part: usize| own.draws[if own.draws.len() == 1 { 0 } else { part }];
        let sum = |part: usize| of(self, part).plus(of(other, part));
        let draws = (0..count).map(sum).collect::<Option<Vec<Draw>>>()?;
        let parts = self.parts.clone().or_else(|| other.parts.clone());
        (self.parts.is_none() || other.parts.is_none() || self.parts == other.parts).then(|| Self {
            draws,
            parts,
            ..self.clone()
        })
    }
}

impl Draw {
    /// A sum, where at most one of both is drawn at random.
    fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Constant(by), own) | (own, Self::Constant(by)) => match own {
                _ if by == 0.0 => Some(own),
                Self::Constant(value) => Some(Self::Constant(digits(value + by))),
                Self::Normal(mean, deviation) => Some(Self::Normal(digits(mean + by), deviation)),
                Self::Uniform(low, high) => {
                    Some(Self::Uniform(digits(low + by), digits(high + by)))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl Draw {
    fn of(parameter: &Parameter, text: &str, language: Language) -> Result<Self> {
        let scheme = init::find(text)?;
        let gain = || scheme.gain(parameter).map(|gain| digits(gain.unwrap_or(1.0)));
        match scheme.facts().name {
            "orthogonal" => return Ok(Self::Orthogonal(gain()?)),
            // In groups, each is an isometry of its own.
            "delta-orthogonal"
                if parameter.axes.input_groups.max(parameter.axes.output_groups) <= 1 =>
            {
                return Ok(Self::DeltaOrthogonal(gain()?));
            }
            "looks-linear" => {
                let place = &parameter.place;
                let layer = place.layer.unwrap_or(Position { index: 0, count: 1 });
                let is_recurrent = parameter.role == Role::Recurrent;
                if text.ends_with(",first") {
                    let (gain, is_central) = (gain()?, false);
                    return Ok(Self::Mirrored { gain, is_central, units: true, inputs: false });
                }
                let units = is_recurrent || !(place.is_head || layer.is_last());
                let inputs = is_recurrent || layer.index > 0;
                let (gain, is_central) = (gain()?, init::mirrors_central_tap(parameter)?);
                return Ok(Self::Mirrored { gain, is_central, units, inputs });
            }
            "spaced-memory" => {
                // Steps from 0: the last is twice the mean.
                let last = 2.0 * scheme.distribution(parameter)?.mean();
                return Ok(if last == 0.0 {
                    Self::Constant(0.0)
                } else {
                    Self::Steps(digits(last))
                });
            }
            _ => {}
        }
        match scheme.distribution(parameter)? {
            Distribution::Constant(value) => Ok(Self::Constant(digits(value))),
            Distribution::Normal { mean, deviation } => {
                Ok(Self::Normal(digits(mean), digits(deviation)))
            }
            Distribution::Uniform { low, high } => Ok(Self::Uniform(digits(low), digits(high))),
            Distribution::TruncatedNormal { mean, uncut_deviation, low, high } if low == -high => {
                Ok(Self::Truncated(digits(mean), digits(uncut_deviation), digits(high)))
            }
            _ => Err(Error::Setting {
                place: format!("code for {}", language.name()),
                found: format!("scheme `{text}` for {}", parameter.name),
                expected:
                    "a start of normal, uniform, orthogonal, mirrored or constant draws; write the \
                           weights to a file instead, or take another method"
                        .to_owned(),
            }),
        }
    }
}

impl Draw {
    /// What the smaller weight is drawn by that a mirrored one is made of.
    pub fn smaller(gain: f64, is_central: bool) -> Self {
        if is_central { Self::DeltaOrthogonal(gain) } else { Self::Orthogonal(gain) }
    }

    /// The same for a matrix that is laid out as (inputs, units).
    fn turned(self) -> Self {
        match self {
            Self::Mirrored { gain, is_central, units, inputs } => {
                Self::Mirrored { gain, is_central, units: inputs, inputs: units }
            }
            other => other,
        }
    }

    /// Whether a matrix is drawn as a whole, so that its shape matters.
    pub fn is_matrix(&self) -> bool {
        matches!(self, Self::Orthogonal(_) | Self::Mirrored { .. })
    }

    /// Whether a convolution's central tap is drawn alone.
    pub fn is_central(&self) -> bool {
        matches!(self, Self::DeltaOrthogonal(_) | Self::Mirrored { is_central: true, .. })
    }
}

/// A number with six digits, which no sample tells from the exact one.
pub(super) fn digits(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}

/// `True` or `False`.
pub(super) fn truth(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

/// A number as all languages read it.
pub(super) fn literal(x: f64) -> String {
    let text = format!("{x:?}");
    if x.abs() >= 1e16 || (x != 0.0 && x.abs() < 1e-4) { format!("{x:e}") } else { text }
}
