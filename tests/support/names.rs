//! Whether a test that a page or a table names is there.

use std::fs;
use std::path::Path;

/// A file of the crate.
pub(crate) fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether `function` is a test, by its own name or by one that a macro makes, or a scenario in the table of a model.
pub(crate) fn is_test(source: &str, function: &str) -> bool {
    let marked = function_at(source, function)
        .is_some_and(|at| source[..at].rsplit("\n\n").next().is_some_and(|head| head.contains("#[test]")));
    marked
        || scenario(source, function).is_some()
        || source.contains(&format!("\n    {function}: "))
        || source.contains(&format!("\n    fn {function}(new: Kind<"))
        || function == "every_planted_bug_is_found" && source.contains("\nmodel!(") && !source.contains(", []);")
}

/// By what name the table of a model has `function`.
pub(crate) fn scenario<'a>(source: &'a str, function: &str) -> Option<&'a str> {
    function_at(source, function).filter(|_| source.contains("model!("))?;
    let listed = [format!(", {function})"), format!("\n        {function},\n")];
    let at = listed.iter().find_map(|listed| source.find(listed))?;
    source[..at].rsplit('"').nth(1)
}

fn function_at(source: &str, function: &str) -> Option<usize> {
    ["(", "<"].iter().find_map(|after| source.find(&format!("fn {function}{after}")))
}
