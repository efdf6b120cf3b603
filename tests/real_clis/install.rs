//! Where the CLIs are installed: a folder that is kept, so that the next run finds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::clis::{Cli, Package};

/// Where they are. Each has a folder of its own, and a link in `bin`.
pub struct Place(PathBuf);

/// The oldest Node that all of them run on, and one that has what they need.
const NODE: (u32, &str) = (22, "24");

impl Place {
    /// `OFFSHOOT_REAL_CLIS`, else a folder below the build's.
    pub fn find() -> Self {
        let named = std::env::var_os("OFFSHOOT_REAL_CLIS").map(PathBuf::from);
        let dir = named.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("real-clis"));
        fs::create_dir_all(dir.join("bin")).unwrap();
        Self(dir.canonicalize().unwrap())
    }

    /// For the `PATH`.
    pub fn bin(&self) -> PathBuf {
        self.0.join("bin")
    }

    /// Installs it where it is not there yet, and says its version; else why not.
    pub fn install(&self, cli: &Cli) -> Result<String, String> {
        let dir = self.0.join(cli.name);
        let (program, version) = match cli.package {
            Package::Npm(name, version) => {
                self.node()?;
                let program = dir.join("node_modules/.bin").join(cli.bin.0);
                if !program.exists() {
                    // The version is chosen with care; what the package says of Node only gets a warning.
                    self.npm(&dir, &["--force", &format!("{name}@{version}")])?;
                }
                (program, version)
            }
            Package::PyPi(name, version) => {
                let program = dir.join("bin").join(cli.bin.0);
                if !program.exists() {
                    let venv = ["-m", "venv", dir.to_str().unwrap()];
                    run(Command::new("python3").args(venv))?;
                    let package = format!("{name}=={version}");
                    let pip = ["install", "--quiet", "--disable-pip-version-check", &package];
                    run(Command::new(dir.join("bin/pip")).args(pip))?;
                }
                (program, version)
            }
        };
        self.link(&program, cli.bin.1);
        Ok(version.to_owned())
    }

    /// A Node of our own where that of the machine is missing or too old.
    fn node(&self) -> Result<(), String> {
        let own = self.0.join("node/node_modules/.bin/node");
        let version = run(Command::new("node").arg("--version")).unwrap_or_default();
        let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
        if major.is_some_and(|major: u32| major >= NODE.0) {
            return Ok(());
        }
        if !own.exists() {
            self.npm(&self.0.join("node"), &[&format!("node@{}", NODE.1)])?;
        }
        self.link(&own, "node");
        Ok(())
    }

    fn npm(&self, dir: &Path, packages: &[&str]) -> Result<(), String> {
        fs::create_dir_all(dir).map_err(|error| error.to_string())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(dir).args(packages);
        run(npm.current_dir(&self.0)).map(drop)
    }

    fn link(&self, program: &Path, name: &str) {
        let link = self.bin().join(name);
        fs::remove_file(&link).ok();
        std::os::unix::fs::symlink(program, link).unwrap();
    }
}

/// What a program printed; else its last words.
fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{name}: {}", errors.trim_end().lines().last().unwrap_or("failed")))
}
