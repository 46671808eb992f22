// The back ends of collectives: Gloo, which libtorch's CPU library holds where it was built with it, and NCCL, which only a library of its own reaches.
#include <dlfcn.h>

#include "distributed.h"

#ifdef SCALEWISE_GLOO
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif

namespace scalewise {

#ifdef SCALEWISE_GLOO
EnginePointer makeGloo(const StorePointer& store, int rank, int size, const std::string& address, Milliseconds timeout) {
  const auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(address));
  options->threads = 2;
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options);
}
#else
EnginePointer makeGloo(const StorePointer&, int, int, const std::string&, Milliseconds) { return {}; }
#endif

EnginePointer makeNccl(const std::string& library, const StorePointer& store, int rank, int size, Milliseconds timeout) {
  void* opened = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!opened) throw std::runtime_error(dlerror());
  using Make = void (*)(EnginePointer*, const StorePointer&, int, int, Milliseconds);
  const auto make = reinterpret_cast<Make>(dlsym(opened, "scalewiseMakeNccl"));
  if (!make) throw std::runtime_error(dlerror());
  EnginePointer made;
  make(&made, store, rank, size, timeout);
  return made;
}

std::vector<Entry> distributedEntries() {
  std::vector<Entry> all;
  for (const auto& entries : {storeEntries(), collectiveEntries(), heartbeatEntries()}) all.insert(all.end(), entries.begin(), entries.end());
  return all;
}

}  // namespace scalewise
