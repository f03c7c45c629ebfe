//! The engine as a whole: what a plan computes, in which memory, on how many threads.

mod network;
mod plans;
mod second_order;
mod spatial;
mod movement;
