"""The controllers, on a clock that tests move and with a kubelet of a few lines."""
