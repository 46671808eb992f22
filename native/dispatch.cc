// Any operator of libtorch's dispatcher, found by name and called boxed, its arguments converted by its schema.
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <sstream>

#include "entries.h"

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

/// resolve(name, argumentNames?) -> operator id. Argument names let one generated caller serve libtorch versions whose schemas differ.
napi_value resolve(napi_env env, State& state, const Arguments& args) {
  OperatorPlan plan(operatorNamed(readString(env, args[0], "operator name")));
  plan.name = readString(env, args[0], "operator name");
  plan.arguments = planArguments(plan.op.schema());
  bool named = false;
  check(env, napi_is_array(env, args[1], &named));
  uint32_t count = static_cast<uint32_t>(plan.arguments.size());
  if (named) check(env, napi_get_array_length(env, args[1], &count));
  for (uint32_t i = 0; i < count; ++i) {
    if (!named) {
      plan.position.push_back(static_cast<int32_t>(i));
      continue;
    }
    napi_value element = nullptr;
    check(env, napi_get_element(env, args[1], i, &element));
    const std::string name = readString(env, element, "argument name");
    const auto at = std::find_if(plan.arguments.begin(), plan.arguments.end(), [&](const ArgumentPlan& a) { return a.name == name; });
    plan.position.push_back(at == plan.arguments.end() ? -1 : static_cast<int32_t>(at - plan.arguments.begin()));
  }
  state.operators.push_back(std::move(plan));
  return makeNumber(env, static_cast<double>(state.operators.size() - 1));
}

torch::jit::Stack invoke(napi_env env, State& state, const Arguments& args) {
  const int64_t id = readInteger(env, args[0], "operator id");
  if (id < 0 || id >= static_cast<int64_t>(state.operators.size())) throw Misuse("unknown operator id");
  const OperatorPlan& op = state.operators[static_cast<size_t>(id)];
  torch::jit::Stack stack(op.arguments.size());
  std::vector<bool> given(op.arguments.size(), false);
  for (size_t i = 0; i + 1 < args.count(); ++i) {
    const napi_value value = args[i + 1];
    const int32_t position = i < op.position.size() ? op.position[i] : -1;
    if (position < 0) {
      napi_valuetype type = napi_undefined;
      check(env, napi_typeof(env, value, &type));
      if (type != napi_undefined) throw Misuse(op.name + ": too many arguments, or one that this libtorch does not have (argument " + std::to_string(i + 1) + ")");
      continue;
    }
    stack[static_cast<size_t>(position)] = toIValue(env, state, op, op.arguments[static_cast<size_t>(position)], value);
    given[static_cast<size_t>(position)] = true;
  }
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i]) continue;
    const ArgumentPlan& plan = op.arguments[i];
    if (plan.defaultValue) stack[i] = *plan.defaultValue;
    else if (!plan.optional) throw Misuse(op.name + ": argument '" + plan.name + "' is missing (" + plan.type + ")");
  }
  op.op.callBoxed(stack);
  return stack;
}

/// call(id, ...arguments) -> result, an array of results, or undefined
napi_value call(napi_env env, State& state, const Arguments& args) {
  torch::jit::Stack stack = invoke(env, state, args);
  if (stack.empty()) return makeUndefined(env);
  if (stack.size() == 1) return toJavaScript(env, state, std::move(stack[0]));
  napi_value result = nullptr;
  check(env, napi_create_array_with_length(env, stack.size(), &result));
  for (uint32_t i = 0; i < stack.size(); ++i) check(env, napi_set_element(env, result, i, toJavaScript(env, state, std::move(stack[i]))));
  return result;
}

/// run(id, ...arguments): as call, for operators whose result is an argument changed in place
napi_value run(napi_env env, State& state, const Arguments& args) {
  invoke(env, state, args);
  return nullptr;
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
