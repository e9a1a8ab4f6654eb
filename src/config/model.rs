//! `prior` and `[model]`: what the look of a client is judged by.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::reader::Section;
use super::source::Fault;
use crate::decide::Prior;
use crate::model::Model;

/// What is judged by, and what is watched beside it.
pub(super) struct Models {
    pub(super) prior: Prior,
    pub(super) shadow: Option<Arc<Model>>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Way {
    #[default]
    Model,
    Weights,
    None,
}

/// Reads both. A model that can't be used is an error, so that the one in force stays.
pub(super) fn read(root: &mut Section<'_>, files: &mut Vec<PathBuf>) -> Models {
    let ways = [("model", Way::Model), ("weights", Way::Weights), ("none", Way::None)];
    let way = root.choice("prior", &ways).unwrap_or_default();
    let (own, shadow) = root.table("model", |section| {
        let own = of_file(section, "file", files);
        if section.has("file") && way != Way::Model {
            let fault = Fault::new("this model is not asked: `prior` names something else");
            section.warning("file", fault.hint("write prior = \"model\", or name it as `shadow` to watch it"));
        }
        (own, of_file(section, "shadow", files))
    });
    let prior = match way {
        Way::Model => own.or_else(shipped).map(Prior::Model).unwrap_or_default(),
        Way::Weights => Prior::Weights,
        Way::None => Prior::None,
    };
    Models { prior, shadow }
}

fn of_file(section: &mut Section<'_>, key: &'static str, files: &mut Vec<PathBuf>) -> Option<Arc<Model>> {
    let file = section.file(key)?;
    files.push(file.clone());
    let model = fs::read_to_string(&file).map_err(|error| error.to_string());
    let model = model.and_then(|text| Model::read(&text).map_err(|fault| fault.to_string()));
    match model {
        Ok(model) => Some(Arc::new(model)),
        Err(fault) => {
            section.error(key, Fault::new(format!("{}: {fault}", file.display())));
            None
        }
    }
}

/// The model that comes with sendwall. `None` only while its features are being changed: then plain weights do until it
/// is trained anew, which a test asks for.
fn shipped() -> Option<Arc<Model>> {
    static SHIPPED: OnceLock<Option<Arc<Model>>> = OnceLock::new();
    SHIPPED.get_or_init(|| Model::read(include_str!("../../models/shipped.model")).ok().map(Arc::new)).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_model_fits_the_features_of_this_version() {
        assert!(shipped().is_some(), "train it anew: see models/README.md");
    }
}
