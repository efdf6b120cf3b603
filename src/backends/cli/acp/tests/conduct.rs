//! How the client behaves towards agents of every conduct.
