"""The convolution playground: a filter typed by hand slides over a photograph."""
