//! Has the page taken in again when it was built anew.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A watched path that is missing would make every build start over, so it is watched once it is there.
    if std::path::Path::new("../web/dist").exists() {
        println!("cargo::rerun-if-changed=../web/dist");
    }
}
