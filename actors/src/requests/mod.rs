//! One file per API key: request, asks, response.
