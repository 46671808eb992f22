// libtorch's own profiler (Kineto): what ran, on the CPU and by CUPTI on a GPU, as a trace in Chrome's format. PyTorch 2.x only.
#include <ATen/Context.h>
#include <torch/csrc/api/include/torch/version.h>

#include "entries.h"

#if TORCH_VERSION_MAJOR >= 2
#include <torch/csrc/autograd/profiler_kineto.h>
#endif

namespace scalewise {
namespace {

#if TORCH_VERSION_MAJOR >= 2
/// startProfile(): records operators and kernels from now on
napi_value startProfile(napi_env, State&, const Arguments&) {
  using namespace torch::autograd::profiler;
  std::set<ActivityType> activities = {ActivityType::CPU};
  if (at::hasCUDA() && at::getNumGPUs() > 0) activities.insert(ActivityType::CUDA);
  const ProfilerConfig config(ProfilerState::KINETO);
  prepareProfiler(config, activities);
  enableProfiler(config, activities);
  return nullptr;
}

/// stopProfile(file): writes what was recorded
napi_value stopProfile(napi_env env, State&, const Arguments& args) {
  const std::string file = readString(env, args[0], "file");
  const auto result = torch::autograd::profiler::disableProfiler();
  result->save(file);
  return nullptr;
}
#else
napi_value startProfile(napi_env, State&, const Arguments&) { throw Misuse("libtorch " TORCH_VERSION " is older than 2.0"); }
napi_value stopProfile(napi_env, State&, const Arguments&) { throw Misuse("libtorch " TORCH_VERSION " is older than 2.0"); }
#endif

}  // namespace

std::vector<Entry> profileEntries() { return {{"startProfile", entry<startProfile>}, {"stopProfile", entry<stopProfile>}}; }

}  // namespace scalewise
