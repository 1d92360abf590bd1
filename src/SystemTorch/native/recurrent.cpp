// Recurrent layers over whole sequences and single cells. Parameters come in PyTorch's order: for each layer and
// direction weight_ih, weight_hh and, with bias, bias_ih, bias_hh.
#include "common.h"

struct RecurrentOptions {
    int32_t num_layers;
    int32_t has_biases;
    int32_t training;
    int32_t bidirectional;
    int32_t batch_first;  // ignored for packed sequences
    double dropout;
};

namespace {
enum Kind { rnn_tanh = 0, rnn_relu = 1, gru = 2 };
}

// RNN and GRU: results are the output and the last hidden state. With `batch_sizes` the input is a packed sequence.
ST_API int32_t st_recurrent(
    int32_t kind, Handle input, Handle batch_sizes, Handle h0, const Handle* params, int32_t count,
    const RecurrentOptions* options, Handle* results)
{
    return act([&] {
        const RecurrentOptions& o = *options;
        auto weights = to_tensors(params, count);
        auto run = [&](auto layer) {
            return batch_sizes == nullptr
                ? layer(*input, *h0, weights, o.has_biases, o.num_layers, o.dropout, o.training, o.bidirectional, o.batch_first)
                : layer(*input, *batch_sizes, *h0, weights, o.has_biases, o.num_layers, o.dropout, o.training, o.bidirectional);
        };
        auto [output, h_n] =
            kind == rnn_tanh ? run([](auto&&... a) { return at::rnn_tanh(a...); })
            : kind == rnn_relu ? run([](auto&&... a) { return at::rnn_relu(a...); })
            : run([](auto&&... a) { return at::gru(a...); });
        give_pair(output, h_n, results);
    });
}

// LSTM: results are the output, the last hidden state and the last cell state.
ST_API int32_t st_lstm(
    Handle input, Handle batch_sizes, Handle h0, Handle c0, const Handle* params, int32_t count,
    const RecurrentOptions* options, Handle* results)
{
    return act([&] {
        const RecurrentOptions& o = *options;
        auto weights = to_tensors(params, count);
        std::vector<at::Tensor> state{*h0, *c0};
        auto [output, h_n, c_n] = batch_sizes == nullptr
            ? at::lstm(*input, state, weights, o.has_biases, o.num_layers, o.dropout, o.training, o.bidirectional, o.batch_first)
            : at::lstm(*input, *batch_sizes, state, weights, o.has_biases, o.num_layers, o.dropout, o.training, o.bidirectional);
        give_pair(output, h_n, results);
        results[2] = new at::Tensor(c_n);
    });
}

ST_API Handle st_recurrent_cell(
    int32_t kind, Handle input, Handle h0, Handle weight_ih, Handle weight_hh, Handle bias_ih, Handle bias_hh)
{
    return make([&] {
        auto cell = [&](auto run) { return run(*input, *h0, *weight_ih, *weight_hh, to_optional(bias_ih), to_optional(bias_hh)); };
        return kind == rnn_tanh ? cell([](auto&&... a) { return at::rnn_tanh_cell(a...); })
            : kind == rnn_relu ? cell([](auto&&... a) { return at::rnn_relu_cell(a...); })
            : cell([](auto&&... a) { return at::gru_cell(a...); });
    });
}

ST_API int32_t st_lstm_cell(
    Handle input, Handle h0, Handle c0, Handle weight_ih, Handle weight_hh, Handle bias_ih, Handle bias_hh, Handle* results)
{
    return act([&] {
        std::vector<at::Tensor> state{*h0, *c0};
        auto [h1, c1] = at::lstm_cell(*input, state, *weight_ih, *weight_hh, to_optional(bias_ih), to_optional(bias_hh));
        give_pair(h1, c1, results);
    });
}

// --- sequences of different lengths -----------------------------------------------------------------------------------

ST_API int32_t st_pack_padded_sequence(Handle input, Handle lengths, bool batch_first, Handle* results)
{
    return act([&] {
        auto [data, batch_sizes] = at::_pack_padded_sequence(*input, *lengths, batch_first);
        give_pair(data, batch_sizes, results);
    });
}

ST_API int32_t st_pad_packed_sequence(
    Handle data, Handle batch_sizes, bool batch_first, double padding_value, int64_t total_length, Handle* results)
{
    return act([&] {
        auto [padded, lengths] = at::_pad_packed_sequence(*data, *batch_sizes, batch_first, padding_value, total_length);
        give_pair(padded, lengths, results);
    });
}

ST_API Handle st_pad_sequence(const Handle* sequences, int32_t count, bool batch_first, double padding_value)
{
    return make([&] { return at::pad_sequence(to_tensors(sequences, count), batch_first, padding_value); });
}
