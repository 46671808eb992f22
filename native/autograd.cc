// Automatic differentiation and the modes of the calling thread: gradients on or off, autocast.
#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/autograd/autograd.h>

#include "entries.h"

namespace scalewise {
namespace {

/// backward(outputs, outputGradients | undefined, retainGraph)
napi_value backward(napi_env env, State& state, const Arguments& args) {
  const auto outputs = readTensors(env, state, args[0]);
  const auto seeds = isGiven(env, args[1]) ? readTensors(env, state, args[1]) : std::vector<at::Tensor>{};
  torch::autograd::backward(outputs, seeds, readBoolean(env, args[2], "retainGraph"));
  return nullptr;
}

/// gradients(outputs, inputs, outputGradients | undefined, retainGraph, allowUnused) -> gradients, null where unused
napi_value gradients(napi_env env, State& state, const Arguments& args) {
  const auto outputs = readTensors(env, state, args[0]);
  const auto inputs = readTensors(env, state, args[1]);
  const auto seeds = isGiven(env, args[2]) ? readTensors(env, state, args[2]) : std::vector<at::Tensor>{};
  const auto results = torch::autograd::grad(outputs, inputs, seeds, readBoolean(env, args[3], "retainGraph"), false,
                                             readBoolean(env, args[4], "allowUnused"));
  napi_value array = nullptr;
  check(env, napi_create_array_with_length(env, results.size(), &array));
  for (uint32_t i = 0; i < results.size(); ++i) check(env, napi_set_element(env, array, i, makeTensor(env, state, results[i])));
  return array;
}

napi_value gradient(napi_env env, State& state, const Arguments& args) { return makeTensor(env, state, tensorAt(env, state, args[0]).grad()); }

/// setGradient(tensor, gradient | null)
napi_value setGradient(napi_env env, State& state, const Arguments& args) {
  at::Tensor& tensor = tensorAt(env, state, args[0]);
  if (!isGiven(env, args[1])) {
    tensor.mutable_grad() = at::Tensor();
    return nullptr;
  }
  const at::Tensor& value = tensorAt(env, state, args[1]);
  if (value.sizes() != tensor.sizes()) throw Misuse("gradient: its shape differs from the tensor's");
  tensor.mutable_grad() = value;
  return nullptr;
}

napi_value requiresGrad(napi_env env, State& state, const Arguments& args) { return makeBoolean(env, tensorAt(env, state, args[0]).requires_grad()); }
napi_value setRequiresGrad(napi_env env, State& state, const Arguments& args) {
  tensorAt(env, state, args[0]).set_requires_grad(readBoolean(env, args[1], "requiresGrad"));
  return nullptr;
}

/// setGradMode(on) -> whether it was on before
napi_value setGradMode(napi_env env, State&, const Arguments& args) {
  const bool before = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(readBoolean(env, args[0], "grad mode"));
  return makeBoolean(env, before);
}

struct AutocastMode {
  bool enabled;
  at::ScalarType dtype;
};

AutocastMode autocastMode(c10::DeviceType device) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  return {at::autocast::is_autocast_enabled(device), at::autocast::get_autocast_dtype(device)};
#else
  if (device == c10::DeviceType::CPU) return {at::autocast::is_cpu_enabled(), at::autocast::get_autocast_cpu_dtype()};
  return {at::autocast::is_enabled(), at::autocast::get_autocast_gpu_dtype()};
#endif
}

void setAutocastMode(c10::DeviceType device, AutocastMode mode) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  at::autocast::set_autocast_enabled(device, mode.enabled);
  at::autocast::set_autocast_dtype(device, mode.dtype);
#else
  if (device == c10::DeviceType::CPU) {
    at::autocast::set_cpu_enabled(mode.enabled);
    at::autocast::set_autocast_cpu_dtype(mode.dtype);
  } else {
    at::autocast::set_enabled(mode.enabled);
    at::autocast::set_autocast_gpu_dtype(mode.dtype);
  }
#endif
}

/// setAutocast(deviceType, enabled, dtype) -> [enabled, dtype] of before. Nothing of the cast cache is dropped here.
napi_value setAutocast(napi_env env, State&, const Arguments& args) {
  const c10::DeviceType device = c10::Device(readString(env, args[0], "device")).type();
  const AutocastMode before = autocastMode(device);
  const int64_t code = readInteger(env, args[2], "dtype");
  if (code != static_cast<int64_t>(at::kBFloat16) && code != static_cast<int64_t>(at::kHalf) && code != static_cast<int64_t>(at::kFloat))
    throw Misuse("autocast: expected bfloat16 or float16");
  const bool enabled = readBoolean(env, args[1], "enabled");
  setAutocastMode(device, {enabled, enabled ? static_cast<at::ScalarType>(code) : before.dtype});  // 1.13 knows no float32 autocast
  return makeIntegers(env, {static_cast<int64_t>(before.enabled), static_cast<int64_t>(before.dtype)});
}

/// clearAutocastCache(): forgets the weights that were cast; must follow a change of the weights
napi_value clearAutocastCache(napi_env, State&, const Arguments&) {
  at::autocast::clear_cache();
  return nullptr;
}

}  // namespace

std::vector<Entry> autogradEntries() {
  return {{"backward", entry<backward>},         {"gradients", entry<gradients>},     {"gradient", entry<gradient>},
          {"setGradient", entry<setGradient>},   {"requiresGrad", entry<requiresGrad>}, {"setRequiresGrad", entry<setRequiresGrad>},
          {"setGradMode", entry<setGradMode>},   {"setAutocast", entry<setAutocast>}, {"clearAutocastCache", entry<clearAutocastCache>}};
}

}  // namespace scalewise
