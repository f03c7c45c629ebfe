//! Every example runs to its end; what they print is for people.

macro_rules! examples {
    ($($(#[$condition:meta])? $name:ident at $file:literal,)*) => {
        $(
            $(#[$condition])?
            #[path = $file]
            mod $name;

            $(#[$condition])?
            #[test]
            fn $name() {
                $name::main().unwrap();
            }
        )*

        #[test]
        fn every_example_is_run() {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
            let listed = [$($file),*];
            for entry in std::fs::read_dir(folder).unwrap() {
                let file = entry.unwrap().file_name().into_string().unwrap();
                assert!(listed.iter().any(|l| l.ends_with(&file)), "{file} is not in the list");
            }
        }
    };
}

examples! {
    tutorial_network at "../../examples/01_tutorial_network.rs",
    initialize_and_save at "../../examples/02_initialize_and_save.rs",
    check_before_training at "../../examples/03_check_before_training.rs",
    compare_starting_points at "../../examples/04_compare_starting_points.rs",
    gradients_twice at "../../examples/05_gradients_twice.rs",
    how_near_to_zero at "../../examples/06_how_near_to_zero.rs",
    fix_a_start at "../../examples/10_fix_a_start.rs",
    fix_own_network at "../../examples/11_fix_own_network.rs",
    #[cfg(feature = "ndarray")]
    ndarray at "../../examples/07_ndarray.rs",
    #[cfg(feature = "candle")]
    candle at "../../examples/08_candle.rs",
    #[cfg(feature = "burn-flex")]
    burn at "../../examples/09_burn.rs",
    #[cfg(feature = "candle")]
    fix_candle at "../../examples/12_fix_candle.rs",
    #[cfg(feature = "burn-flex")]
    fix_burn at "../../examples/13_fix_burn.rs",
}
