// Random generators under handles, with a state that can be read, kept and set again.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include "entries.h"

namespace scalewise {
namespace {

at::Generator& generatorAt(napi_env env, State& state, napi_value handle) {
  at::Generator* generator = state.generators.find(readInteger(env, handle, "generator"));
  if (!generator) throw Misuse("the generator was freed");
  return *generator;
}

/// createGenerator(device, seed) -> handle
napi_value createGenerator(napi_env env, State& state, const Arguments& args) {
  const c10::Device device(readString(env, args[0], "device"));
  const auto seed = static_cast<uint64_t>(readInteger(env, args[1], "seed"));
  at::Generator generator = device.is_cpu() ? at::detail::createCPUGenerator(seed) : at::globalContext().defaultGenerator(device).clone();
  generator.set_current_seed(seed);
  return makeNumber(env, state.generators.add(std::move(generator)));
}

napi_value freeGenerator(napi_env env, State& state, const Arguments& args) {
  state.generators.free(readInteger(env, args[0], "generator"));
  return nullptr;
}

/// generatorState(generator) -> a byte tensor
napi_value generatorState(napi_env env, State& state, const Arguments& args) {
  at::Generator& generator = generatorAt(env, state, args[0]);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return makeTensor(env, state, generator.get_state());
}

napi_value setGeneratorState(napi_env env, State& state, const Arguments& args) {
  at::Generator& generator = generatorAt(env, state, args[0]);
  const at::Tensor& value = tensorAt(env, state, args[1]);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(value);
  return nullptr;
}

}  // namespace

std::vector<Entry> randomEntries() {
  return {{"createGenerator", entry<createGenerator>},
          {"freeGenerator", entry<freeGenerator>},
          {"generatorState", entry<generatorState>},
          {"setGeneratorState", entry<setGeneratorState>}};
}

}  // namespace scalewise
