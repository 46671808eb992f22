// c10d's process groups, their collectives, and its reducer, which averages gradients while backward still runs (DistributedDataParallel's).
#include "distributed.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>
#include <type_traits>

namespace scalewise {
namespace {

using c10d::ReduceOp;
using WorkPointer = c10::intrusive_ptr<c10d::Work>;

/// A process group, and what computes its collectives on a CPU and on CUDA devices.
struct Group {
  c10::intrusive_ptr<c10d::ProcessGroup> processes;
  EnginePointer cpu, cuda;
  int rank = 0, size = 1;
  Milliseconds timeout{0};

  Engine& engineFor(const at::Tensor& tensor) const {
    const EnginePointer& engine = tensor.is_cuda() ? cuda : cpu;
    if (!engine) throw Misuse(std::string("this group has no back end for ") + tensor.device().str());
    return *engine;
  }
};

#if TORCH_VERSION_MAJOR >= 2
void assemble(Group& group) {
  using c10d::ProcessGroup;
  group.processes = c10::make_intrusive<ProcessGroup>(group.rank, group.size);
  if (group.cpu) group.processes->setBackend(c10::DeviceType::CPU, ProcessGroup::BackendType::GLOO, group.cpu);
  if (group.cuda) group.processes->setBackend(c10::DeviceType::CUDA, ProcessGroup::BackendType::NCCL, group.cuda);
}
#else
void assemble(Group& group) { group.processes = group.cpu; }
#endif

/// createGroup(store, rank, size, address, NCCL's library or undefined, timeout in ms)
napi_value createGroup(napi_env env, State&, const Arguments& args) {
  const StorePointer store = readExternal<StoreAccess>(env, args[0])->store;
  auto group = std::make_shared<Group>();
  group->rank = static_cast<int>(readInteger(env, args[1], "rank"));
  group->size = static_cast<int>(readInteger(env, args[2], "size"));
  const std::string address = readString(env, args[3], "address");
  const std::string nccl = isGiven(env, args[4]) ? readString(env, args[4], "NCCL") : "";
  group->timeout = Milliseconds(readInteger(env, args[5], "timeout"));
  // connecting reads the other ranks' addresses from the store
  withDeadline(group->timeout + Milliseconds(1000), "one of the other ranks", [group, store, address, nccl] {
    group->cpu = makeGloo(store, group->rank, group->size, address, group->timeout);
    if (!nccl.empty()) group->cuda = makeNccl(nccl, store, group->rank, group->size, group->timeout);
    assemble(*group);
  });
  return makeExternal(env, group);
}

/// closeGroup(group): waits for what is under way, at most as long as that may take
napi_value closeGroup(napi_env env, State&, const Arguments& args) {
  const auto group = std::move(readExternal<Group>(env, args[0]));
  withDeadline(group->timeout + Milliseconds(1000), "one of the other ranks", [group] {
    group->processes.reset();
    group->cpu.reset();
    group->cuda.reset();
  });
  return nullptr;
}

/// Waits for a collective. NCCL's only queues the rest of the stream behind it when it is told to wait.
void finish(const Group& group, const at::Tensor& tensor, c10d::Work& work) {
  work.wait();
  if (!tensor.is_cuda()) return;
  const auto end = std::chrono::steady_clock::now() + group.timeout + Milliseconds(1000);
  while (!work.isCompleted()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("NCCL timed out");
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  if (!work.isSuccess()) std::rethrow_exception(work.exception());
}

/// Runs a collective for each tensor, all at once, and waits. Gloo wants dense tensors; others go through a copy.
template <class Start>
void runEach(const Group& group, const std::vector<at::Tensor>& tensors, Start start) {
  const at::NoGradGuard guard;
  std::vector<std::vector<at::Tensor>> dense;  // each collective takes a list, of one
  std::vector<WorkPointer> works;
  for (const at::Tensor& tensor : tensors) dense.push_back({tensor.detach().contiguous()});
  for (auto& one : dense) works.push_back(start(one));
  for (size_t i = 0; i < tensors.size(); ++i) finish(group, tensors[i], *works[i]);
  for (size_t i = 0; i < tensors.size(); ++i)
    if (!dense[i][0].is_alias_of(tensors[i])) tensors[i].detach().copy_(dense[i][0]);
}

/// broadcast(group, tensors, from): all ranks get the tensors of one, in place
napi_value broadcast(napi_env env, State& state, const Arguments& args) {
  const auto group = readExternal<Group>(env, args[0]);
  c10d::BroadcastOptions options;
  options.rootRank = readInteger(env, args[2], "from");
  runEach(*group, readTensors(env, state, args[1]), [&](std::vector<at::Tensor>& one) { return group->engineFor(one[0]).broadcast(one, options); });
  return nullptr;
}

/// allReduce(group, tensors, "sum" | "mean" | "max" | "min"), in place
napi_value allReduce(napi_env env, State& state, const Arguments& args) {
  const auto group = readExternal<Group>(env, args[0]);
  const auto tensors = readTensors(env, state, args[1]);
  const std::string how = readString(env, args[2], "how");
  c10d::AllreduceOptions options;
  options.reduceOp = how == "max" ? ReduceOp::MAX : how == "min" ? ReduceOp::MIN : ReduceOp::SUM;
  runEach(*group, tensors, [&](std::vector<at::Tensor>& one) { return group->engineFor(one[0]).allreduce(one, options); });
  if (how == "mean")
    for (const at::Tensor& tensor : tensors) tensor.detach().div_(group->size);
  return nullptr;
}

/// allGather(group, tensor) -> the tensor of every rank
napi_value allGather(napi_env env, State& state, const Arguments& args) {
  const auto group = readExternal<Group>(env, args[0]);
  const at::NoGradGuard guard;
  std::vector<at::Tensor> input{tensorAt(env, state, args[1]).detach().contiguous()};
  std::vector<std::vector<at::Tensor>> outputs(1);
  for (int i = 0; i < group->size; ++i) outputs[0].push_back(at::empty_like(input[0]));
  finish(*group, input[0], *group->engineFor(input[0]).allgather(outputs, input));
  napi_value array = nullptr;
  check(env, napi_create_array_with_length(env, outputs[0].size(), &array));
  for (uint32_t i = 0; i < outputs[0].size(); ++i) check(env, napi_set_element(env, array, i, makeTensor(env, state, outputs[0][i])));
  return array;
}

/// c10d's reducer with its buckets as they were first laid out. It would lay them out anew after the first step, in the order in which gradients came:
/// a run that goes on from a checkpoint would then add in another order than one that was never stopped.
class SteadyReducer : public c10d::Reducer {
 public:
  template <class... Given>
  explicit SteadyReducer(Given&&... given) : c10d::Reducer(std::forward<Given>(given)...) {
    has_rebuilt_bucket_ = true;
  }
};

/// A reducer by whichever constructor this libtorch's has; 1.13 and the first 2.x want the buckets' limits too.
template <class Base = c10d::Reducer>
std::shared_ptr<SteadyReducer> makeReducer(const Group& group, const std::vector<at::Tensor>& parameters, int64_t bytes, int64_t firstBytes, bool findUnused) {
  using Tensors = std::vector<at::Tensor>;
  using Buckets = std::vector<std::vector<size_t>>;
  using Processes = c10::intrusive_ptr<c10d::ProcessGroup>;
  using Names = std::unordered_map<size_t, std::string>;
  const std::vector<bool> sparse(parameters.size(), false);
  const std::vector<size_t> limits{static_cast<size_t>(firstBytes), static_cast<size_t>(bytes)};
  Buckets buckets;
  std::vector<size_t> bucketLimits;
  std::tie(buckets, bucketLimits) = c10d::compute_bucket_assignment_by_size(parameters, limits, sparse);
  // backward begins with the last parameters
  std::reverse(buckets.begin(), buckets.end());
  std::reverse(bucketLimits.begin(), bucketLimits.end());
  if constexpr (std::is_constructible_v<Base, Tensors, Buckets, std::vector<size_t>, Processes, std::vector<bool>, int64_t, bool, bool, Names, int64_t>)
    return std::make_shared<SteadyReducer>(parameters, buckets, bucketLimits, group.processes, sparse, bytes, findUnused, false, Names(), firstBytes);
  else if constexpr (std::is_constructible_v<Base, Tensors, Buckets, Processes, std::vector<bool>, int64_t, bool, bool, Names, int64_t, bool, bool, std::vector<int64_t>>)
    return std::make_shared<SteadyReducer>(parameters, buckets, group.processes, sparse, bytes, findUnused, false, Names(), firstBytes, false, false, std::vector<int64_t>());
  else if constexpr (std::is_constructible_v<Base, Tensors, Buckets, Processes, std::vector<bool>, int64_t, bool, bool, Names, int64_t, bool, bool>)
    return std::make_shared<SteadyReducer>(parameters, buckets, group.processes, sparse, bytes, findUnused, false, Names(), firstBytes, false, false);
  else
    return std::make_shared<SteadyReducer>(parameters, buckets, group.processes, sparse, bytes, findUnused, false, Names(), firstBytes);
}

/// createReducer(group, parameters, bytes of a bucket, of the first one, whether some parameters may have no gradient)
napi_value createReducer(napi_env env, State& state, const Arguments& args) {
  const auto group = readExternal<Group>(env, args[0]);
  const auto parameters = readTensors(env, state, args[1]);
  const int64_t bytes = readInteger(env, args[2], "bucket bytes"), firstBytes = readInteger(env, args[3], "first bucket bytes");
  return makeExternal(env, makeReducer(*group, parameters, bytes, firstBytes, readBoolean(env, args[4], "findUnused")));
}

/// prepareForward(reducer), before each forward pass
napi_value prepareForward(napi_env env, State&, const Arguments& args) {
  readExternal<SteadyReducer>(env, args[0])->prepare_for_forward();
  return nullptr;
}

/// prepareBackward(reducer, outputs that backward begins at): the next backward pass ends with gradients averaged over the ranks
napi_value prepareBackward(napi_env env, State& state, const Arguments& args) {
  readExternal<SteadyReducer>(env, args[0])->prepare_for_backward(readTensors(env, state, args[1]));
  return nullptr;
}

/// closeReducer(reducer): takes its hooks off the parameters
napi_value closeReducer(napi_env env, State&, const Arguments& args) {
  readExternal<SteadyReducer>(env, args[0]).reset();
  return nullptr;
}

}  // namespace

std::vector<Entry> collectiveEntries() {
  return {{"createGroup", entry<createGroup>},     {"closeGroup", entry<closeGroup>},         {"broadcast", entry<broadcast>},
          {"allReduce", entry<allReduce>},         {"allGather", entry<allGather>},           {"createReducer", entry<createReducer>},
          {"prepareForward", entry<prepareForward>}, {"prepareBackward", entry<prepareBackward>}, {"closeReducer", entry<closeReducer>}};
}

}  // namespace scalewise
