// What one JavaScript environment (the main thread or a Worker) holds: tensors and generators by handle, resolved operators.
// A handle is a small integer that only src/torch hands out; freed handles are reused, so TypeScript forgets a handle when it frees it.
#pragma once
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <node_api.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace scalewise {

/// Values kept under small integers; freed places are used again.
template <class T>
class Table {
 public:
  uint32_t add(T value) {
    ++live_;
    if (free_.empty()) {
      values_.push_back(std::move(value));
      return static_cast<uint32_t>(values_.size() - 1);
    }
    const uint32_t handle = free_.back();
    free_.pop_back();
    values_[handle] = std::move(value);
    return handle;
  }
  /// The value under a handle, or null where the handle is free or was never given out.
  T* find(int64_t handle) {
    if (handle < 0 || handle >= static_cast<int64_t>(values_.size())) return nullptr;
    T& value = values_[static_cast<size_t>(handle)];
    return value.defined() ? &value : nullptr;
  }
  void free(int64_t handle) {
    T* value = find(handle);
    if (!value) return;
    *value = T();
    free_.push_back(static_cast<uint32_t>(handle));
    --live_;
  }
  std::vector<T>& values() { return values_; }
  size_t live() const { return live_; }

 private:
  std::vector<T> values_;
  std::vector<uint32_t> free_;
  size_t live_ = 0;
};

/// The kinds of argument that an operator's schema can ask for and that JavaScript can give.
enum class Kind : uint8_t {
  Tensor, Integer, Float, Scalar, Boolean, String, Device, Generator, ScalarType, Layout, MemoryFormat, List, Unsupported
};

/// How one argument of an operator is read; made once when the operator is resolved.
struct ArgumentPlan {
  Kind kind = Kind::Unsupported;
  Kind element = Kind::Unsupported;  // of a list
  bool optional = false;
  bool optionalElement = false;
  bool isCount = false;              // an integer that is not to be large
  int64_t fixedLength = 0;  // of `int[2]`: one number stands for all
  std::optional<c10::IValue> defaultValue;
  c10::TypePtr elementType;
  std::string name;
  std::string type;  // as the schema spells it
};

struct OperatorPlan {
  explicit OperatorPlan(c10::OperatorHandle handle) : op(std::move(handle)) {}
  c10::OperatorHandle op;
  std::string name;
  std::vector<ArgumentPlan> arguments;
  void (*validate)(const std::vector<c10::IValue>& arguments) = nullptr;  // what libtorch leaves unchecked; throws Misuse
  std::vector<int32_t> position;  // where the caller's i-th argument stands in the schema; -1: this libtorch has no such argument
};

/// ArrayBuffers that no tensor aliases any more; tensors may die on any thread, and after the environment.
struct ReleasedBuffers {
  std::mutex mutex;
  std::vector<napi_ref> references;
};

struct State {
  Table<at::Tensor> tensors;
  Table<at::Generator> generators;
  std::deque<OperatorPlan> operators;      // a deque: a plan stays where it is while others are added
  std::vector<c10::IValue> stack;          // of the last call, empty: its memory serves the next
  napi_ref errorClass = nullptr;           // TorchError, handed over by TypeScript
  std::shared_ptr<ReleasedBuffers> released = std::make_shared<ReleasedBuffers>();
};

State& stateOf(napi_env env);

}  // namespace scalewise
