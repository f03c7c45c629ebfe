//! Handwritten digits, carried along in compressed form.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{DataSet, Dataset, LoadOptions, Loaded, Targets, loaded};
use crate::Result;

/// 1,797 handwritten digits of 8 × 8 pixels.
pub struct Digits;

impl DataSet for Digits {
    fn name(&self) -> &'static str {
        "digits"
    }

    fn about(&self) -> &'static str {
        "1,797 handwritten digits of 8×8 pixels from 0 to 16, 10 classes"
    }

    fn source(&self) -> &'static str {
        "Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits (test part), \
         UCI Machine Learning Repository, https://doi.org/10.24432/C50P49"
    }

    fn license(&self) -> &'static str {
        "CC BY 4.0"
    }

    fn load(&self, options: &LoadOptions) -> Result<Loaded> {
        Ok(loaded(self, rows(), None, options))
    }
}

/// Made by `data/make_digits.py`: pixels of all rows, then all labels, compressed with zlib.
const COMPRESSED: &[u8] = include_bytes!("../../../data/digits.zz");

const ROWS: usize = 1797;
const SIDE: usize = 8;
const PIXELS: usize = SIDE * SIDE;
const CLASSES: usize = 10;

fn rows() -> Dataset {
    let mut bytes = Vec::with_capacity(ROWS * (PIXELS + 1));
    ZlibDecoder::new(COMPRESSED).read_to_end(&mut bytes).expect("the embedded file is whole");
    let (pixels, labels) = bytes.split_at(ROWS * PIXELS);
    let pixel = |index| format!("pixel_{}_{}", index / SIDE, index % SIDE);
    Dataset {
        name: "digits".to_owned(),
        feature_names: (0..PIXELS).map(pixel).collect(),
        features: pixels.iter().map(|&pixel| f32::from(pixel)).collect(),
        targets: Targets::Classes {
            labels: labels.iter().map(|&label| u32::from(label)).collect(),
            names: (0..CLASSES).map(|class| class.to_string()).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_repository() {
        let data = rows();
        assert_eq!((data.rows(), data.columns(), data.features.len()), (ROWS, PIXELS, 115_008));
        assert_eq!(data.row(0)[..8], [0., 0., 5., 13., 9., 1., 0., 0.]);
        let Targets::Classes { labels, .. } = &data.targets else { unreachable!("classes") };
        assert_eq!(labels[..5], [0, 1, 2, 3, 4]);
        let count = |class| labels.iter().filter(|&&label| label == class).count();
        // From sklearn.datasets.load_digits: np.bincount(y), x.sum() and x.max().
        let counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
        assert_eq!(std::array::from_fn(|class| count(class as u32)), counts);
        assert_eq!(data.features.iter().sum::<f32>(), 561_718.0);
        assert_eq!(data.features.iter().copied().fold(0.0, f32::max), 16.0);
    }
}
