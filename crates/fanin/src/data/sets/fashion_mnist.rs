//! Fashion-MNIST, if its files are installed.

use std::path::Path;

use super::{DataSet, LoadOptions, Loaded, Targets};
use crate::data::folder;
use crate::{Error, Result};

/// 70,000 pictures of clothes of 28 × 28 pixels, read from where Debian's package puts them.
pub struct FashionMnist;

impl DataSet for FashionMnist {
    fn name(&self) -> &'static str {
        "fashion-mnist"
    }

    fn about(&self) -> &'static str {
        "60,000 + 10,000 pictures of clothes of 28×28 pixels, 10 classes (once installed)"
    }

    fn source(&self) -> &'static str {
        "Xiao, Rasul & Vollgraf 2017, Fashion-MNIST, https://github.com/zalandoresearch/fashion-mnist"
    }

    fn license(&self) -> &'static str {
        "MIT"
    }

    fn load(&self, options: &LoadOptions) -> Result<Loaded> {
        load_from(&FOLDERS, options).map(|loaded| Loaded {
            source: self.source().to_owned(),
            license: Some(self.license().to_owned()),
            ..loaded
        })
    }
}

/// Where packages put it.
const FOLDERS: [&str; 2] =
    ["/usr/share/datasets/fashion-mnist", "/usr/local/share/datasets/fashion-mnist"];

/// The classes 0 to 9, as its authors name them.
const CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

fn load_from(folders: &[&str], options: &LoadOptions) -> Result<Loaded> {
    let Some(folder) = folders.iter().map(Path::new).find(|folder| folder.is_dir()) else {
        return Err(Error::Setting {
            place: "data set `fashion-mnist`".to_owned(),
            found: "no such files on this machine".to_owned(),
            expected: format!(
                "the files in {}; on Debian and Ubuntu `sudo apt-get install \
                 dataset-fashion-mnist` puts them there, elsewhere name the folder with its four \
                 files",
                folders[0]
            ),
        });
    };
    let mut loaded = folder::load(folder, options)?;
    for data in [Some(&mut loaded.train), loaded.test.as_mut()].into_iter().flatten() {
        "fashion-mnist".clone_into(&mut data.name);
        if let Targets::Classes { names, .. } = &mut data.targets
            && names.len() == CLASSES.len()
        {
            *names = CLASSES.map(str::to_owned).to_vec();
        }
    }
    Ok(loaded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_that_is_not_installed_says_how_to_install_it() {
        let error = load_from(&["/nowhere"], &LoadOptions::default()).unwrap_err().to_string();
        assert!(error.contains("apt-get install dataset-fashion-mnist"), "{error}");
    }

    #[test]
    #[ignore = "needs the package dataset-fashion-mnist"]
    fn installed_set_has_its_70_000_pictures() {
        let loaded = FashionMnist.load(&LoadOptions::default()).unwrap();
        let test = loaded.test.unwrap();
        assert_eq!((loaded.train.rows(), test.rows(), test.columns()), (60_000, 10_000, 784));
        let Targets::Classes { labels, names } = &loaded.train.targets else { panic!("classes") };
        assert_eq!(names[labels[0] as usize], "Ankle boot");
        assert_eq!(labels.iter().filter(|&&label| label == 3).count(), 6_000);
        let mean = test.features.iter().map(|&x| f64::from(x)).sum::<f64>() / 7_840_000.0;
        assert!((mean - 73.1465).abs() < 1e-3, "{mean}");
    }
}
