//! Publications, seen from outside by clients that are not ours.

#![forbid(unsafe_code)]

mod crash;
mod desk;
mod foreign;
mod many;
mod publications;
