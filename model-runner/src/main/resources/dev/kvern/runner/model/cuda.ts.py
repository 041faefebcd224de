# What only a CUDA build of PyTorch has, in the dialect of decoder.ts.py: page-locked memory and streams of its own for copies.
# A CPU build does not know these types, so this is a program beside the decoder.


class Cuda(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # Page-locked memory of the host, uninitialised bytes.
  def pinned(self, bytes: int) -> Tensor:
    return torch.empty([bytes], dtype=1, layout=None, device=torch.device("cpu"), pin_memory=True)

  # A stream whose small kernels go before those of the model, which would have them wait for a whole step.
  def stream(self, device: str) -> __torch__.torch.classes.cuda.Stream:
    made = __torch__.torch.classes.cuda.Stream.__new__(__torch__.torch.classes.cuda.Stream)
    _0 = (made).__init__(torch.device(device), -1, )
    return made

  # From now on this thread's work goes to the stream.
  def enter(self, stream: __torch__.torch.classes.cuda.Stream) -> int:
    ops.cuda.set_stream(stream)
    return 0

  # What the stream is given from now on begins after all that the model has been given up to now.
  def await_compute(self, stream: __torch__.torch.classes.cuda.Stream, device: str) -> int:
    _0 = (stream).wait_stream(ops.cuda.default_stream(torch.device(device)), )
    return 0

  # This thread's work goes to the model's stream again; returns when the stream has done all that it was given.
  def leave(self, stream: __torch__.torch.classes.cuda.Stream, device: str) -> int:
    ops.cuda.set_stream(ops.cuda.default_stream(torch.device(device)))
    _0 = (stream).synchronize()
    return 0
