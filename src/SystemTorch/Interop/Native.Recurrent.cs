using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/recurrent.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern int st_recurrent(int kind, nint input, nint batchSizes, nint h0, nint* @params, int count, RecurrentOptions* options, nint* results);
    [DllImport(Library)] internal static extern int st_lstm(nint input, nint batchSizes, nint h0, nint c0, nint* @params, int count, RecurrentOptions* options, nint* results);
    [DllImport(Library)] internal static extern nint st_recurrent_cell(int kind, nint input, nint h0, nint weightIh, nint weightHh, nint biasIh, nint biasHh);
    [DllImport(Library)] internal static extern int st_lstm_cell(nint input, nint h0, nint c0, nint weightIh, nint weightHh, nint biasIh, nint biasHh, nint* results);
    [DllImport(Library)] internal static extern int st_pack_padded_sequence(nint input, nint lengths, bool batchFirst, nint* results);
    [DllImport(Library)] internal static extern int st_pad_packed_sequence(nint data, nint batchSizes, bool batchFirst, double paddingValue, long totalLength, nint* results);
    [DllImport(Library)] internal static extern nint st_pad_sequence(nint* sequences, int count, bool batchFirst, double paddingValue);
}
