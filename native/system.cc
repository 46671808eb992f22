// The process around the tensors: threads, what this libtorch is, devices, memory.
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/csrc/api/include/torch/version.h>

#include "entries.h"

namespace scalewise {
namespace {

/// setThreads(n) -> threads in use inside an operator
napi_value setThreads(napi_env env, State&, const Arguments& args) {
  const int64_t count = readInteger(env, args[0], "threads");
  if (count < 1 || count > 4096) throw Misuse("threads: expected 1 to 4096, got " + std::to_string(count));
  at::set_num_threads(static_cast<int>(count));
  return makeNumber(env, at::get_num_threads());
}

napi_value threads(napi_env env, State&, const Arguments&) { return makeNumber(env, at::get_num_threads()); }

void set(napi_env env, napi_value object, const char* name, napi_value value) { check(env, napi_set_named_property(env, object, name, value)); }

/// information() -> what this libtorch is and can do
napi_value information(napi_env env, State&, const Arguments&) {
  napi_value result = nullptr;
  check(env, napi_create_object(env, &result));
  set(env, result, "version", makeString(env, TORCH_VERSION));
  set(env, result, "config", makeString(env, at::show_config()));
  set(env, result, "parallel", makeString(env, at::get_parallel_info()));
  set(env, result, "mkl", makeBoolean(env, at::hasMKL()));
  set(env, result, "onednn", makeBoolean(env, at::hasMKLDNN()));
  set(env, result, "cuda", makeBoolean(env, at::hasCUDA()));
  set(env, result, "cudaDevices", makeNumber(env, at::hasCUDA() ? static_cast<double>(at::getNumGPUs()) : 0));
#ifdef SCALEWISE_GLOO
  set(env, result, "gloo", makeBoolean(env, true));
#else
  set(env, result, "gloo", makeBoolean(env, false));
#endif
  return result;
}

/// loadLibrary(path): opens a library for the whole process, e.g. libtorch_cuda.so, which registers its kernels when it loads
napi_value loadLibrary(napi_env env, State&, const Arguments& args) {
  const std::string path = readString(env, args[0], "library");
  if (!dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) throw Misuse(std::string(dlerror()));
  return nullptr;
}

/// keepFreedMemory(): large blocks come from the heap and stay with the process, instead of fresh zeroed pages at every allocation
napi_value keepFreedMemory(napi_env, State&, const Arguments&) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2047 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
  return nullptr;
}

/// trimMemory(): gives freed memory back to the operating system
napi_value trimMemory(napi_env, State&, const Arguments&) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return nullptr;
}

/// reportMemory(bytes): tells the garbage collector of memory that only it can free
napi_value reportMemory(napi_env env, State&, const Arguments& args) {
  int64_t total = 0;
  check(env, napi_adjust_external_memory(env, readInteger(env, args[0], "bytes"), &total));
  return makeNumber(env, static_cast<double>(total));
}

}  // namespace

std::vector<Entry> systemEntries() {
  return {{"setThreads", entry<setThreads>},           {"threads", entry<threads>},     {"information", entry<information>},
          {"loadLibrary", entry<loadLibrary>},         {"keepFreedMemory", entry<keepFreedMemory>},
          {"trimMemory", entry<trimMemory>},           {"reportMemory", entry<reportMemory>}};
}

}  // namespace scalewise
