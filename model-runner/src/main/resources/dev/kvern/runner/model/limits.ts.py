# What a machine can do at most, in PyTorch's own operators: the dialect is that of decoder.ts.py.


class Limits(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # Random values: on a GPU constant ones draw less power, and so run faster than any model does.
  def values(self, shape: List[int], dtype: int, device: str) -> Tensor:
    return torch.randn(shape, dtype=6, device=torch.device(device)).to(dtype)

  # Reads all of x [rows, columns] once each time. kind: 0 sum, 1 dot, 2 matrix-vector product, since which of them comes
  # closest to the memory's rate depends on the machine. The result in the host's memory ends after the work.
  def read(self, x: Tensor, v: Tensor, kind: int, times: int) -> Tensor:
    y = v
    for i in range(times):
      if kind == 0:
        y = torch.sum(x)
      if kind == 1:
        y = torch.dot(x.view([-1]), x.view([-1]))
      if kind == 2:
        y = torch.mv(x, v)
    return y.to(torch.device("cpu"))

  # [n, n] times [n, n].
  def product(self, a: Tensor, b: Tensor, times: int) -> Tensor:
    y = a
    for i in range(times):
      y = torch.mm(a, b)
    return torch.narrow(y, 0, 0, 1).to(torch.device("cpu"))
