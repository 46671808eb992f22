// What the files of distribution share: c10d's classes under names that hold for libtorch 1.13 and PyTorch 2.x, objects handed to JavaScript, and calls with a deadline.
#pragma once
#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "../entries.h"

#if TORCH_VERSION_MAJOR >= 2
#include <torch/csrc/distributed/c10d/Backend.hpp>
#endif

namespace scalewise {

using Milliseconds = std::chrono::milliseconds;
using StorePointer = c10::intrusive_ptr<c10d::Store>;

/// What computes collectives: a class of its own since 2.0, before that the process group itself
#if TORCH_VERSION_MAJOR >= 2
using Engine = c10d::Backend;
#else
using Engine = c10d::ProcessGroup;
#endif
using EnginePointer = c10::intrusive_ptr<Engine>;

/// A store as JavaScript holds it, and how to reach it again on another connection.
struct StoreAccess {
  StorePointer store;
  std::string host;
  uint16_t port = 0;
  std::string prefix;
  Milliseconds timeout{0};
  std::string place() const { return "the store at " + host + ":" + std::to_string(port); }
};

/// A connection to the store at `host`: of a client, or of the process that serves it, on `address` only where this libtorch allows that.
StorePointer connect(const std::string& host, uint16_t port, bool serves, const std::string& address, Milliseconds timeout, uint16_t* bound = nullptr);

/// What computes collectives of CPU tensors, over `address` of this host; null where this libtorch has no Gloo.
EnginePointer makeGloo(const StorePointer& store, int rank, int size, const std::string& address, Milliseconds timeout);

/// What computes collectives of CUDA tensors, by the library that set-up built beside the addon.
EnginePointer makeNccl(const std::string& library, const StorePointer& store, int rank, int size, Milliseconds timeout);

/// Objects travel as externals. What JavaScript forgets is left to the end of the process: their destructors may wait for peers.
template <class T>
napi_value makeExternal(napi_env env, std::shared_ptr<T> object) {
  napi_value result = nullptr;
  check(env, napi_create_external(env, new std::shared_ptr<T>(std::move(object)), nullptr, nullptr, &result));
  return result;
}

template <class T>
std::shared_ptr<T>& readExternal(napi_env env, napi_value value) {
  void* data = nullptr;
  check(env, napi_get_value_external(env, value, &data));
  auto& object = *static_cast<std::shared_ptr<T>*>(data);
  if (!object) throw Misuse("it was disposed");
  return object;
}

/// `body` on a thread of its own, given up after `limit`: several of c10d's calls wait without end for a peer that is stopped or cut off.
/// What `body` captures must be its own, for it may outlive the call.
template <class Body>
auto withDeadline(Milliseconds limit, const std::string& whom, Body body) -> decltype(body()) {
  auto task = std::make_shared<std::packaged_task<decltype(body())()>>(std::move(body));
  auto result = task->get_future();
  std::thread([task] { (*task)(); }).detach();
  if (result.wait_for(limit) != std::future_status::ready)
    throw std::runtime_error(whom + " did not answer within " + std::to_string(limit.count() / 1000) + " s");
  return result.get();
}

std::vector<Entry> storeEntries();
std::vector<Entry> collectiveEntries();
std::vector<Entry> heartbeatEntries();

}  // namespace scalewise
