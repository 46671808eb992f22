// Any operator of libtorch's dispatcher, found by name and called boxed, its arguments converted by its schema.
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <sstream>

#include "entries.h"
#include "refusal.h"

namespace scalewise {
namespace {

/// "aten::add.Tensor" -> ("aten::add", "Tensor")
std::optional<c10::OperatorHandle> findOperator(const std::string& full) {
  const size_t dot = full.find('.', full.find("::") == std::string::npos ? 0 : full.find("::"));
  const c10::OperatorName name(full.substr(0, dot), dot == std::string::npos ? "" : full.substr(dot + 1));
  const auto found = c10::Dispatcher::singleton().findSchema(name);
  return found ? std::optional<c10::OperatorHandle>(*found) : std::nullopt;
}

c10::OperatorHandle operatorNamed(const std::string& full) {
  const auto found = findOperator(full);
  if (!found) throw Misuse(full + ": this libtorch has no such operator");
  return *found;
}

/// Where the caller's arguments, named in order, stand in the schema; without names they stand as they come.
std::vector<int32_t> readPositions(napi_env env, const std::vector<ArgumentPlan>& plans, napi_value names) {
  std::vector<int32_t> positions;
  bool given = false;
  uint32_t count = 0;
  check(env, napi_is_array(env, names, &given));
  if (given) check(env, napi_get_array_length(env, names, &count));
  for (uint32_t i = 0; i < count; ++i) {
    napi_value element = nullptr;
    check(env, napi_get_element(env, names, i, &element));
    const std::string name = readString(env, element, "argument name");
    const auto at = std::find_if(plans.begin(), plans.end(), [&](const ArgumentPlan& plan) { return plan.name == name; });
    positions.push_back(at == plans.end() ? -1 : static_cast<int32_t>(at - plans.begin()));
  }
  for (size_t i = 0; !given && i < plans.size(); ++i) positions.push_back(static_cast<int32_t>(i));
  return positions;
}

/// resolve(name, argumentNames?, unchecked?) -> operator id. Argument names let one generated caller serve libtorch versions whose schemas
/// differ. An operator whose arguments libtorch does not check is refused, unless `unchecked` says that the caller answers for them.
napi_value resolve(napi_env env, State& state, const Arguments& args) {
  const std::string name = readString(env, args[0], "operator name");
  return naming(name.c_str(), [&] {
    OperatorPlan plan(operatorNamed(name));
    const char* why = refusal(name);
    if (why && !(isGiven(env, args[2]) && readBoolean(env, args[2], "unchecked"))) throw Misuse(std::string("not callable from here: ") + why);
    plan.name = name;
    plan.arguments = planArguments(plan.op.schema());
    plan.validate = validator(name);
    plan.position = readPositions(env, plan.arguments, args[1]);
    state.operators.push_back(std::move(plan));
    return makeNumber(env, static_cast<double>(state.operators.size() - 1));
  });
}

const OperatorPlan& operatorAt(napi_env env, State& state, napi_value id) {
  double index = -1;
  if (napi_get_value_double(env, id, &index) != napi_ok || !(index >= 0 && index < static_cast<double>(state.operators.size())))
    throw Misuse("unknown operator id");
  return state.operators[static_cast<size_t>(index)];
}

/// Lays the caller's arguments on the stack in the order of the schema, and defaults where there are none.
void fillStack(napi_env env, State& state, const OperatorPlan& op, const Arguments& args, torch::jit::Stack& stack) {
  static_assert(Arguments::kMost <= 64, "one bit an argument");
  stack.resize(op.arguments.size());
  uint64_t given = 0;
  for (size_t i = 0; i + 1 < args.count(); ++i) {
    const napi_value value = args[i + 1];
    const int32_t position = i < op.position.size() ? op.position[i] : -1;
    if (position >= 0) {
      stack[static_cast<size_t>(position)] = toIValue(env, state, op, op.arguments[static_cast<size_t>(position)], value);
      given |= uint64_t{1} << position;
    } else if (isGiven(env, value)) {
      throw Misuse("too many arguments, or one that this libtorch does not have (argument " + std::to_string(i + 1) + ")");
    }
  }
  for (size_t i = 0; i < stack.size(); ++i) {
    if (given >> i & 1) continue;
    const ArgumentPlan& plan = op.arguments[i];
    if (plan.defaultValue) stack[i] = *plan.defaultValue;
    else if (!plan.optional) throw Misuse("argument '" + plan.name + "' is missing (" + plan.type + ")");
  }
}

/// A call that fails can leave a result given by the caller (`out`, or `self` of an operator in place) resized while the memory for it could
/// not be had, and libtorch would then read and write past its end: such a tensor is made empty.
void mendTensor(at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return;
  const bool negative = std::any_of(tensor.sizes().begin(), tensor.sizes().end(), [](int64_t size) { return size < 0; });
  if (tensor.numel() == 0 && !negative) return;
  unsigned __int128 last = static_cast<uint64_t>(tensor.storage_offset());
  for (int64_t dim = 0; dim < tensor.dim(); ++dim)
    last += static_cast<unsigned __int128>(tensor.size(dim) - 1) * static_cast<uint64_t>(tensor.stride(dim));
  if (!negative && (last + 1) * tensor.element_size() <= tensor.storage().nbytes()) return;
  tensor.unsafeGetTensorImpl()->set_storage_offset(0);
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous({0});
}

/// Calls the operator that the first argument numbers, and gives its results to `finish`.
template <class Finish>
napi_value invoke(napi_env env, State& state, const Arguments& args, Finish finish) {
  const OperatorPlan& op = operatorAt(env, state, args[0]);
  return naming(op.name.c_str(), [&] {
    torch::jit::Stack stack = std::move(state.stack);  // reading an argument can run JavaScript, and so another call
    stack.clear();
    fillStack(env, state, op, args, stack);
    if (op.validate) op.validate(stack);
    try {
      op.op.callBoxed(stack);
    } catch (...) {
      for (at::Tensor& tensor : state.tensors.values()) mendTensor(tensor);
      throw;
    }
    const napi_value result = finish(stack);
    state.stack = std::move(stack);
    return result;
  });
}

/// call(id, ...arguments) -> result, an array of results, or undefined
napi_value call(napi_env env, State& state, const Arguments& args) {
  return invoke(env, state, args, [&](torch::jit::Stack& stack) {
    if (stack.empty()) return makeUndefined(env);
    if (stack.size() == 1) return toJavaScript(env, state, std::move(stack[0]));
    napi_value result = nullptr;
    check(env, napi_create_array_with_length(env, stack.size(), &result));
    for (uint32_t i = 0; i < stack.size(); ++i) check(env, napi_set_element(env, result, i, toJavaScript(env, state, std::move(stack[i]))));
    return result;
  });
}

/// run(id, ...arguments): as call, for operators whose result is an argument changed in place
napi_value run(napi_env env, State& state, const Arguments& args) {
  return invoke(env, state, args, [](torch::jit::Stack& stack) -> napi_value {
    stack.clear();
    return nullptr;
  });
}

std::string schemaText(const c10::OperatorHandle& op) {
  std::ostringstream text;
  text << op.schema();
  return text.str();
}

/// schema(name) -> the schema's text, or null where this libtorch has no such operator
napi_value schema(napi_env env, State&, const Arguments& args) {
  const auto found = findOperator(readString(env, args[0], "operator name"));
  return found ? makeString(env, schemaText(*found)) : makeNull(env);
}

/// operatorNames() -> every operator that has a schema
napi_value operatorNames(napi_env env, State&, const Arguments&) {
  napi_value result = nullptr;
  check(env, napi_create_array(env, &result));
  uint32_t i = 0;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (!c10::Dispatcher::singleton().findSchema(name)) continue;
    const std::string full = name.overload_name.empty() ? name.name : name.name + "." + name.overload_name;
    check(env, napi_set_element(env, result, i++, makeString(env, full)));
  }
  return result;
}

napi_value pair(napi_env env, const std::string& name, const std::string& type) {
  napi_value result = nullptr;
  check(env, napi_create_array_with_length(env, 2, &result));
  check(env, napi_set_element(env, result, 0, makeString(env, name)));
  check(env, napi_set_element(env, result, 1, makeString(env, type)));
  return result;
}

/// signature(name) -> [[[argument, type]...], [[result, type]...]] with types as the schema spells them
napi_value signature(napi_env env, State&, const Arguments& args) {
  const c10::OperatorHandle op = operatorNamed(readString(env, args[0], "operator name"));
  napi_value result = nullptr;
  check(env, napi_create_array_with_length(env, 2, &result));
  const auto list = [&](const std::vector<c10::Argument>& arguments) {
    napi_value array = nullptr;
    check(env, napi_create_array_with_length(env, arguments.size(), &array));
    for (uint32_t i = 0; i < arguments.size(); ++i)
      check(env, napi_set_element(env, array, i, pair(env, arguments[i].name(), arguments[i].real_type()->str())));
    return array;
  };
  check(env, napi_set_element(env, result, 0, list(op.schema().arguments())));
  check(env, napi_set_element(env, result, 1, list(op.schema().returns())));
  return result;
}

}  // namespace

std::vector<Entry> dispatchEntries() {
  return {{"resolve", entry<resolve>}, {"call", entry<call>}, {"run", entry<run>}, {"schema", entry<schema>},
          {"operatorNames", entry<operatorNames>}, {"signature", entry<signature>}};
}

}  // namespace scalewise
