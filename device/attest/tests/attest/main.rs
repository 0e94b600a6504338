//! Tokens of devices that boot started, read by others than those who wrote the encoder.

mod key;
mod pycose;
mod rfc9783_example;
mod support;
mod token;
