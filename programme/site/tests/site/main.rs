//! The published pages and feeds, made of parts as the registry gives them.

mod asked;
mod csaf;
mod feeds;
mod made;
mod pages;
mod verdicts;
