//! What the browser is sent, made of `static/`: scripts without their comments and long names, which halves
//! them; everything else as it is. Their sources stay what one reads and changes.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_minifier::{Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=static");
    let served = Path::new(&env::var("OUT_DIR")?).join("static");
    // A file that is gone from the sources must not be served on.
    if served.exists() {
        fs::remove_dir_all(&served)?;
    }
    fs::create_dir_all(&served)?;
    for entry in fs::read_dir("static")? {
        let path = entry?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        let is_script = path.extension().is_some_and(|ending| ending == "js");
        if is_script {
            fs::write(served.join(name), minified(&path)?)?;
        } else {
            fs::copy(&path, served.join(name))?;
        }
    }
    Ok(())
}

fn minified(path: &Path) -> Result<String, Box<dyn Error>> {
    let source = fs::read_to_string(path)?;
    let allocator = Allocator::default();
    let mut parsed = Parser::new(&allocator, &source, SourceType::mjs()).parse();
    if let Some(error) = parsed.errors.first() {
        return Err(format!("{}: {error}", path.display()).into());
    }
    let names = Minifier::new(MinifierOptions::default()).minify(&allocator, &mut parsed.program);
    let code = Codegen::new()
        .with_options(CodegenOptions::minify())
        .with_scoping(names.scoping)
        .with_private_member_mappings(names.class_private_mappings)
        .build(&parsed.program);
    Ok(code.code)
}
