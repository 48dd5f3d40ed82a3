//! The systems and processors that packages are for, and what builds each of them on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build;

/// A system and a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// .NET's name, which is also the name of the package.
    pub(crate) name: &'static str,
    pub(crate) system: System,
    arm: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Linux,
    /// Alpine Linux and others whose C library is musl.
    Musl,
    Windows,
    Mac,
}

pub(crate) const TARGETS: [Target; 8] = [
    Target { name: "linux-x64", system: System::Linux, arm: false },
    Target { name: "linux-arm64", system: System::Linux, arm: true },
    Target { name: "linux-musl-x64", system: System::Musl, arm: false },
    Target { name: "linux-musl-arm64", system: System::Musl, arm: true },
    Target { name: "win-x64", system: System::Windows, arm: false },
    Target { name: "win-arm64", system: System::Windows, arm: true },
    Target { name: "osx-x64", system: System::Mac, arm: false },
    Target { name: "osx-arm64", system: System::Mac, arm: true },
];

/// The oldest C library that the packages for Linux run on.
pub(crate) const GLIBC: (u32, u32) = (2, 17);

impl Target {
    /// This machine's own.
    pub(crate) fn host() -> Result<Self, String> {
        let system = match std::env::consts::OS {
            "windows" => System::Windows,
            "macos" => System::Mac,
            "linux" if cfg!(target_env = "musl") => System::Musl,
            _ => System::Linux,
        };
        let (here, arm) = (std::env::consts::ARCH, std::env::consts::ARCH == "aarch64");
        let found = TARGETS.into_iter().find(|target| target.system == system && target.arm == arm);
        found.filter(|_| arm || here == "x86_64").ok_or_else(|| format!("The library is not built for {here}."))
    }

    pub(crate) fn named(name: &str) -> Result<Self, String> {
        TARGETS.into_iter().find(|target| target.name == name).ok_or_else(|| {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            format!("There is no target \"{name}\", but {}.", names.join(", "))
        })
    }

    /// Rust's name. Libraries for Windows have Microsoft's ABI where they are built on Windows.
    pub(crate) fn triple(self) -> &'static str {
        match (self.system, self.arm) {
            (System::Linux, false) => "x86_64-unknown-linux-gnu",
            (System::Linux, true) => "aarch64-unknown-linux-gnu",
            (System::Musl, false) => "x86_64-unknown-linux-musl",
            (System::Musl, true) => "aarch64-unknown-linux-musl",
            (System::Windows, false) if cfg!(windows) => "x86_64-pc-windows-msvc",
            (System::Windows, false) => "x86_64-pc-windows-gnu",
            (System::Windows, true) if cfg!(windows) => "aarch64-pc-windows-msvc",
            (System::Windows, true) => "aarch64-pc-windows-gnullvm",
            (System::Mac, false) => "x86_64-apple-darwin",
            (System::Mac, true) => "aarch64-apple-darwin",
        }
    }

    pub(crate) fn is_windows(self) -> bool {
        self.system == System::Windows
    }

    pub(crate) fn is_arm(self) -> bool {
        self.arm
    }

    /// The file that PowerShell loads.
    pub(crate) fn shared_library(self) -> &'static str {
        match self.system {
            System::Windows => "pssailpointcc.dll",
            System::Mac => "libpssailpointcc.dylib",
            System::Linux | System::Musl => "libpssailpointcc.so",
        }
    }

    /// The name that a program which is linked with the library looks for: it changes with the ABI.
    pub(crate) fn shared_library_of_abi(self, abi: u32) -> String {
        match self.system {
            System::Windows => self.shared_library().to_owned(),
            System::Mac => format!("libpssailpointcc.{abi}.dylib"),
            System::Linux | System::Musl => format!("libpssailpointcc.so.{abi}"),
        }
    }

    /// What builds it on this machine, or the one line that says what is missing.
    pub(crate) fn builder(self, portable: bool) -> Result<Builder, String> {
        let plain = self == Self::host().unwrap_or(TARGETS[0]) && !portable;
        if self.system == System::Mac && !cfg!(target_os = "macos") {
            return Err(format!(
                "on a Mac: cargo xtask package --target {0}, then copy target/package/{0} here",
                self.name
            ));
        }
        let toolchain = Toolchain::for_triple(self.triple()).ok_or_else(|| {
            format!("rustup target add {} (on Debian: apt-get install cargo-web rustc-web rust-web-src)", self.triple())
        })?;
        let needs_zig = match self.system {
            System::Windows => !cfg!(windows) && self.arm,
            System::Mac => false,
            System::Linux | System::Musl => !plain,
        };
        if needs_zig && build::find_program("CARGO_ZIGBUILD", &["cargo-zigbuild"]).is_none() {
            return Err("pip install cargo-zigbuild ziglang".to_owned());
        }
        if self.triple() == "x86_64-pc-windows-gnu"
            && build::find_program("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", &["x86_64-w64-mingw32-gcc"]).is_none()
        {
            return Err("apt-get install gcc-mingw-w64-x86-64-win32".to_owned());
        }
        Ok(Builder { target: self, toolchain, needs_zig })
    }
}

/// What builds the library for a target.
pub(crate) struct Builder {
    pub(crate) target: Target,
    toolchain: Toolchain,
    pub(crate) needs_zig: bool,
}

impl Builder {
    /// `cargo rustc` for the target, by whatever wraps it.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = if self.needs_zig {
            let zigbuild = build::find_program("CARGO_ZIGBUILD", &["cargo-zigbuild"]);
            Command::new(zigbuild.unwrap_or_else(|| "cargo-zigbuild".into()))
        } else {
            Command::new(&self.toolchain.cargo)
        };
        command.arg("rustc");
        if let Some(sysroot) = &self.toolchain.own_sysroot {
            command.env("CARGO", &self.toolchain.cargo).env("RUSTC", sysroot.join("bin/rustc"));
            command.env_remove("RUSTUP_TOOLCHAIN");
        }
        if self.toolchain.builds_std {
            command.env("RUSTC_BOOTSTRAP", "1").args(["-Z", "build-std=std,panic_unwind"]);
        }
        match self.target.system {
            System::Linux if self.needs_zig => {
                let (major, minor) = GLIBC;
                command.args(["--target", &format!("{}.{major}.{minor}", self.target.triple())])
            }
            _ => command.args(["--target", self.target.triple()]),
        };
        command
    }

    /// Where the sources of the standard library are, if it is built too.
    pub(crate) fn std_sources(&self) -> Option<PathBuf> {
        let sources = self.toolchain.sysroot.join("lib/rustlib/src/rust");
        self.toolchain.builds_std.then(|| sources.canonicalize().unwrap_or(sources))
    }

    pub(crate) fn rustc_version(&self) -> String {
        let rustc = match &self.toolchain.own_sysroot {
            Some(sysroot) => sysroot.join("bin/rustc"),
            None => "rustc".into(),
        };
        let version = output(Command::new(rustc).arg("--version")).unwrap_or_default();
        version.split_whitespace().nth(1).unwrap_or("unknown").to_owned()
    }
}

/// A compiler that has the standard library for a target, or its sources.
struct Toolchain {
    cargo: PathBuf,
    sysroot: PathBuf,
    /// Where it is not the one that runs this program.
    own_sysroot: Option<PathBuf>,
    builds_std: bool,
}

impl Toolchain {
    fn for_triple(triple: &str) -> Option<Self> {
        let current = output(Command::new("rustc").args(["--print", "sysroot"])).map(PathBuf::from);
        let cargo = || std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from);
        let system = Path::new("/usr");
        let candidates = || {
            let current = current.iter().map(|sysroot| (cargo(), sysroot.clone(), None));
            let system = system.join("bin/rustc").is_file().then(|| system.to_owned());
            current.chain(system.map(|system| (system.join("bin/cargo"), system.clone(), Some(system))))
        };
        let prebuilt =
            candidates().find(|(_, sysroot, _)| sysroot.join("lib/rustlib").join(triple).join("lib").is_dir());
        let from_source =
            || candidates().find(|(_, sysroot, _)| sysroot.join("lib/rustlib/src/rust/library/Cargo.lock").is_file());
        let found = prebuilt.map(|found| (found, false)).or_else(|| Some((from_source()?, true)));
        found.map(|((cargo, sysroot, own_sysroot), builds_std)| Self { cargo, sysroot, own_sysroot, builds_std })
    }
}

/// What a program prints, if it succeeds.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
