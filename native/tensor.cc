// Tensor handles: what a tensor is, data in and out of typed arrays, and freeing.
#include <ATen/ATen.h>

#include <cstring>
#include <unordered_set>

#include "entries.h"

namespace scalewise {
namespace {

struct TypedArray {
  void* data = nullptr;
  size_t bytes = 0;
  napi_value buffer = nullptr;
};

size_t elementBytes(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array: return 1;
    case napi_int16_array:
    case napi_uint16_array: return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array: return 4;
    default: return 8;
  }
}

TypedArray readTypedArray(napi_env env, napi_value value) {
  bool typed = false;
  check(env, napi_is_typedarray(env, value, &typed));
  if (!typed) throw Misuse("expected a typed array");
  TypedArray array;
  napi_typedarray_type type = napi_uint8_array;
  size_t length = 0, offset = 0;
  check(env, napi_get_typedarray_info(env, value, &type, &length, &array.data, &array.buffer, &offset));
  array.bytes = length * elementBytes(type);
  return array;
}

at::ScalarType readDtype(napi_env env, napi_value value) {
  const int64_t code = readInteger(env, value, "dtype");
  if (code < 0 || code > static_cast<int64_t>(at::ScalarType::BFloat16)) throw Misuse("dtype: unknown code " + std::to_string(code));
  return static_cast<at::ScalarType>(code);
}

/// Bytes of a tensor of this shape, refusing negative sizes and products that overflow.
size_t bytesOf(c10::IntArrayRef shape, at::ScalarType dtype) {
  unsigned __int128 bytes = at::elementSize(dtype);
  for (const int64_t size : shape) {
    if (size < 0) throw Misuse("shape: negative size " + std::to_string(size));
    bytes *= static_cast<uint64_t>(size);
    if (bytes > static_cast<uint64_t>(INT64_MAX)) throw Misuse("shape: too large");
  }
  return static_cast<size_t>(bytes);
}

void expectBytes(size_t expected, size_t given) {
  if (expected != given) throw Misuse("expected " + std::to_string(expected) + " bytes for this shape and dtype, got " + std::to_string(given));
}

/// fromBytes(typedArray, shape, dtype): a CPU tensor that holds a copy
napi_value fromBytes(napi_env env, State& state, const Arguments& args) {
  const TypedArray source = readTypedArray(env, args[0]);
  const std::vector<int64_t> shape = readIntegers(env, args[1], "shape");
  const at::ScalarType dtype = readDtype(env, args[2]);
  expectBytes(bytesOf(shape, dtype), source.bytes);
  at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(dtype));
  if (source.bytes) std::memcpy(tensor.data_ptr(), source.data, source.bytes);
  return makeTensor(env, state, std::move(tensor));
}

/// aliasBytes(typedArray, shape, dtype): a CPU tensor over the array's own memory, which lives as long as the tensor
napi_value aliasBytes(napi_env env, State& state, const Arguments& args) {
  {
    const std::lock_guard<std::mutex> lock(state.released->mutex);
    for (const napi_ref reference : state.released->references) napi_delete_reference(env, reference);
    state.released->references.clear();
  }
  const TypedArray source = readTypedArray(env, args[0]);
  const std::vector<int64_t> shape = readIntegers(env, args[1], "shape");
  const at::ScalarType dtype = readDtype(env, args[2]);
  expectBytes(bytesOf(shape, dtype), source.bytes);
  napi_ref reference = nullptr;
  check(env, napi_create_reference(env, source.buffer, 1, &reference));
  const auto release = [released = state.released, reference](void*) {
    const std::lock_guard<std::mutex> lock(released->mutex);
    released->references.push_back(reference);
  };
  return makeTensor(env, state, at::from_blob(source.data, shape, release, at::TensorOptions().dtype(dtype)));
}

/// bytes(tensor) -> an ArrayBuffer of its elements in row-major order; one copy, whatever the device and layout
napi_value bytes(napi_env env, State& state, const Arguments& args) {
  const at::Tensor source = tensorAt(env, state, args[0]).detach();
  void* data = nullptr;
  napi_value result = nullptr;
  const size_t size = bytesOf(source.sizes(), source.scalar_type());  // an expanded tensor can be larger than the machine
  if (size > allocationLimit()) throw Misuse(std::to_string(size) + " bytes are too many for an ArrayBuffer here");
  check(env, napi_create_arraybuffer(env, size, &data, &result));
  if (!size) return result;
  if (source.is_cpu() && source.is_contiguous() && !source.is_conj() && !source.is_neg()) std::memcpy(data, source.data_ptr(), size);
  else at::from_blob(data, source.sizes(), at::TensorOptions().dtype(source.scalar_type())).copy_(source);
  return result;
}

/// item(tensor) -> its only element as a number, boolean, or bigint where an int64 is not exact as a number
napi_value item(napi_env env, State& state, const Arguments& args) {
  const at::Scalar value = tensorAt(env, state, args[0]).item();
  if (value.isBoolean()) return makeBoolean(env, value.toBool());
  if (!value.isIntegral(false)) return makeNumber(env, value.toDouble());
  const int64_t integer = value.toLong();
  if (integer >= -9007199254740991 && integer <= 9007199254740991) return makeNumber(env, static_cast<double>(integer));
  napi_value result = nullptr;
  check(env, napi_create_bigint_int64(env, integer, &result));
  return result;
}

napi_value shape(napi_env env, State& state, const Arguments& args) { return makeIntegers(env, tensorAt(env, state, args[0]).sizes()); }
napi_value strides(napi_env env, State& state, const Arguments& args) { return makeIntegers(env, tensorAt(env, state, args[0]).strides()); }
napi_value elementCount(napi_env env, State& state, const Arguments& args) {
  return makeNumber(env, static_cast<double>(tensorAt(env, state, args[0]).numel()));
}
napi_value dtype(napi_env env, State& state, const Arguments& args) {
  return makeNumber(env, static_cast<double>(tensorAt(env, state, args[0]).scalar_type()));
}
napi_value device(napi_env env, State& state, const Arguments& args) { return makeString(env, tensorAt(env, state, args[0]).device().str()); }

/// isContiguous(tensor, memoryFormat)
napi_value isContiguous(napi_env env, State& state, const Arguments& args) {
  const int64_t format = readInteger(env, args[1], "memory format");
  if (format < 0 || format > 3 || format == 1) throw Misuse("memory format: expected contiguous, channelsLast or channelsLast3d");
  return makeBoolean(env, tensorAt(env, state, args[0]).is_contiguous(static_cast<at::MemoryFormat>(format)));
}

/// free(handles: Int32Array, count): lets go of tensors; libtorch frees what nothing else holds
napi_value freeTensors(napi_env env, State& state, const Arguments& args) {
  const TypedArray handles = readTypedArray(env, args[0]);
  const size_t count = std::min(static_cast<size_t>(std::max<int64_t>(0, readInteger(env, args[1], "count"))), handles.bytes / sizeof(int32_t));
  for (size_t i = 0; i < count; ++i) state.tensors.free(static_cast<const int32_t*>(handles.data)[i]);
  return nullptr;
}

/// duplicate(tensor) -> a second handle of the same tensor
napi_value duplicate(napi_env env, State& state, const Arguments& args) { return makeTensor(env, state, tensorAt(env, state, args[0])); }

napi_value liveTensors(napi_env env, State& state, const Arguments&) { return makeNumber(env, static_cast<double>(state.tensors.live())); }

/// liveBytes() -> bytes of all storages that a handle keeps, each counted once
napi_value liveBytes(napi_env env, State& state, const Arguments&) {
  std::unordered_set<const void*> seen;
  double total = 0;
  for (const at::Tensor& tensor : state.tensors.values()) {
    if (!tensor.defined() || !tensor.has_storage()) continue;
    if (seen.insert(tensor.storage().unsafeGetStorageImpl()).second) total += static_cast<double>(tensor.storage().nbytes());
  }
  return makeNumber(env, total);
}

/// storageBytes(tensor) -> bytes of its storage
napi_value storageBytes(napi_env env, State& state, const Arguments& args) {
  const at::Tensor& tensor = tensorAt(env, state, args[0]);
  return makeNumber(env, tensor.has_storage() ? static_cast<double>(tensor.storage().nbytes()) : 0);
}

}  // namespace

std::vector<Entry> tensorEntries() {
  return {{"fromBytes", entry<fromBytes>},     {"aliasBytes", entry<aliasBytes>},     {"bytes", entry<bytes>},
          {"item", entry<item>},               {"shape", entry<shape>},               {"strides", entry<strides>},
          {"elementCount", entry<elementCount>}, {"dtype", entry<dtype>},             {"device", entry<device>},
          {"isContiguous", entry<isContiguous>}, {"free", entry<freeTensors>},        {"duplicate", entry<duplicate>},
          {"liveTensors", entry<liveTensors>}, {"liveBytes", entry<liveBytes>},       {"storageBytes", entry<storageBytes>}};
}

}  // namespace scalewise
