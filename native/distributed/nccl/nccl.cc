// NCCL's back end of c10d, in a library of its own: it needs libtorch_cuda and, to compile, the headers of NCCL and CUDA, which few machines have.
// Opened when NCCL is asked for (engines.cc).
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <cstdlib>

extern "C" __attribute__((visibility("default"))) void scalewiseMakeNccl(c10::intrusive_ptr<c10d::Backend>* made, const c10::intrusive_ptr<c10d::Store>& store,
                                                                          int rank, int size, std::chrono::milliseconds timeout) {
  // A collective that a peer never joins holds up the GPU. After the timeout c10d's watchdog is to break it off, and not the process with it:
  // the numbers that follow go over Gloo, which fails with an error that can be explained.
  setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2", 0);
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  *made = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
}
