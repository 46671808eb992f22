// What a CUDA device's allocator holds, by the interface that needs no CUDA headers (PyTorch 2.9 and later).
#include <ATen/Context.h>
#include <torch/csrc/api/include/torch/version.h>

#include "entries.h"

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 9)
#define SCALEWISE_DEVICE_ALLOCATOR
#include <c10/core/CachingDeviceAllocator.h>
#endif

namespace scalewise {
namespace {

#ifdef SCALEWISE_DEVICE_ALLOCATOR
/// The allocator of a device and its number; none of a CPU, and none before the device was first used.
std::pair<c10::DeviceAllocator*, c10::DeviceIndex> allocatorOf(napi_env env, napi_value name) {
  const c10::Device device(readString(env, name, "device"));
  if (!device.is_cuda() || !at::hasCUDA()) return {nullptr, 0};
  const c10::DeviceIndex index = device.has_index() ? device.index() : 0;
  if (index >= static_cast<int>(at::getNumGPUs())) throw Misuse("device: there is no " + device.str());
  c10::DeviceAllocator* allocator = c10::getDeviceAllocator(device.type());
  return {allocator->initialized() ? allocator : nullptr, index};
}

/// deviceMemory(device) -> [allocated, most allocated, reserved, most reserved] bytes, or undefined
napi_value deviceMemory(napi_env env, State&, const Arguments& args) {
  const auto [allocator, index] = allocatorOf(env, args[0]);
  if (!allocator) return nullptr;
  const auto statistics = allocator->getDeviceStats(index);
  const auto& allocated = statistics.allocated_bytes[0];  // of all pools
  const auto& reserved = statistics.reserved_bytes[0];
  return makeIntegers(env, std::vector<int64_t>{allocated.current, allocated.peak, reserved.current, reserved.peak});
}

/// resetDevicePeak(device): what is most is counted from now on
napi_value resetDevicePeak(napi_env env, State&, const Arguments& args) {
  const auto [allocator, index] = allocatorOf(env, args[0]);
  if (allocator) allocator->resetPeakStats(index);
  return nullptr;
}

/// emptyDeviceCache(device): gives what is reserved and not allocated back to the device
napi_value emptyDeviceCache(napi_env env, State&, const Arguments& args) {
  const auto [allocator, index] = allocatorOf(env, args[0]);
  if (allocator) allocator->emptyCache();
  return nullptr;
}
#else
napi_value deviceMemory(napi_env, State&, const Arguments&) { return nullptr; }
napi_value resetDevicePeak(napi_env, State&, const Arguments&) { return nullptr; }
napi_value emptyDeviceCache(napi_env, State&, const Arguments&) { return nullptr; }
#endif

}  // namespace

std::vector<Entry> deviceEntries() {
  return {{"deviceMemory", entry<deviceMemory>}, {"resetDevicePeak", entry<resetDevicePeak>}, {"emptyDeviceCache", entry<emptyDeviceCache>}};
}

}  // namespace scalewise
