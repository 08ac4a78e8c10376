//! The product, put together for measuring: devices, a clinic, its API.

pub mod cpu;
pub mod device;
pub mod follower;
pub mod postgres;
pub mod proxy;
pub mod server;
pub mod signed;
pub mod site;
