//! lifo
