using System.Diagnostics;
using Google.Protobuf;

namespace CharLM.Reports.TensorBoard;

/// <summary>Writes scalars and texts as an event file that TensorBoard reads, each at once.</summary>
/// <remarks>
/// The messages are Event (event.proto), Summary and SummaryMetadata (summary.proto), TensorProto (tensor.proto); their few
/// fields that are needed are written by number, so that no compiler of .proto files is needed to build.
/// </remarks>
public sealed class EventWriter : IDisposable
{
    private const string Version = "brain.Event:2";
    private const int DataTypeString = 7;

    private readonly Stream _stream;
    private readonly TimeProvider _clock;

    /// <summary>Begins an event file.</summary>
    /// <param name="stream">Where it goes; closed with the writer.</param>
    /// <param name="clock">Tells when a thing was written; default the system's clock.</param>
    public EventWriter(Stream stream, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        (_stream, _clock) = (stream, clock ?? TimeProvider.System);
        Write(step: 0, message =>
        {
            message.WriteTag(3, WireFormat.WireType.LengthDelimited);
            message.WriteString(Version);
        });
    }

    /// <summary>A name for a new event file; TensorBoard takes every file with such a name.</summary>
    /// <param name="time">When it begins.</param>
    public static string FileName(DateTimeOffset time) => $"events.out.tfevents.{time.ToUnixTimeSeconds()}.charlm.{Environment.ProcessId}.{Stopwatch.GetTimestamp()}";

    /// <summary>Writes a number.</summary>
    /// <param name="tag">What it is; what stands before the first slash is the group.</param>
    /// <param name="step">Where it belongs, such as the epoch.</param>
    /// <param name="value">The number; kept as a float.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Scalar(string tag, long step, double value) => Summary(step, tag, message =>
    {
        message.WriteTag(2, WireFormat.WireType.Fixed32);
        message.WriteFloat((float)value);
    });

    /// <summary>Writes a text, which TensorBoard shows as Markdown.</summary>
    /// <param name="tag">What it is.</param>
    /// <param name="step">Where it belongs, such as the epoch.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Text(string tag, long step, string text) => Summary(step, tag, message =>
    {
        Nested(message, 9, metadata => Nested(metadata, 1, plugin =>
        {
            plugin.WriteTag(1, WireFormat.WireType.LengthDelimited);
            plugin.WriteString("text");
        }));
        Nested(message, 8, tensor =>
        {
            tensor.WriteTag(1, WireFormat.WireType.Varint);
            tensor.WriteEnum(DataTypeString);
            Nested(tensor, 2, shape => Nested(shape, 2, dimension =>
            {
                dimension.WriteTag(1, WireFormat.WireType.Varint);
                dimension.WriteInt64(1);
            }));
            tensor.WriteTag(8, WireFormat.WireType.LengthDelimited);
            tensor.WriteBytes(ByteString.CopyFromUtf8(text));
        });
    });

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();

    private void Summary(long step, string tag, Action<CodedOutputStream> value) => Write(step, message =>
        Nested(message, 5, summary => Nested(summary, 1, entry =>
        {
            entry.WriteTag(1, WireFormat.WireType.LengthDelimited);
            entry.WriteString(tag);
            value(entry);
        })));

    private void Write(long step, Action<CodedOutputStream> rest)
    {
        byte[] message = Message(stream =>
        {
            stream.WriteTag(1, WireFormat.WireType.Fixed64);
            stream.WriteDouble((_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds);
            stream.WriteTag(2, WireFormat.WireType.Varint);
            stream.WriteInt64(step);
            rest(stream);
        });
        RecordFraming.Write(_stream, message);
        _stream.Flush();
    }

    // A message within a message is its length and its bytes.
    private static void Nested(CodedOutputStream outer, int field, Action<CodedOutputStream> write)
    {
        outer.WriteTag(field, WireFormat.WireType.LengthDelimited);
        outer.WriteBytes(ByteString.CopyFrom(Message(write)));
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var stream = new CodedOutputStream(bytes, leaveOpen: true))
            write(stream);
        return bytes.ToArray();
    }
}
