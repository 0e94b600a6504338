//! The assurance programme from the command line: `dtsec serve` as it is, asked by `dtsec registry`, kept by `dtsec store`.

mod errors;
mod life;
mod papers;
mod people;
mod place;
mod refusals;
mod server;
mod store;
mod world;
