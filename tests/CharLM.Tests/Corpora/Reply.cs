using System.Text;

namespace CharLM.Tests.Corpora;

/// <summary>The responses of a <see cref="LoopbackServer"/>.</summary>
internal static class Reply
{
    /// <summary>The file, from the requested offset.</summary>
    public static LoopbackReply File(byte[] body) => (request, connection, token) => request.RangeStart is { } start
        ? SendAsync(connection,
            $"206 Partial Content\r\nContent-Range: bytes {start}-{body.Length - 1}/{body.Length}\r\nContent-Length: {body.Length - start}",
                body[(int)start..], token)
        : SendAsync(connection, $"200 OK\r\nContent-Length: {body.Length}", body, token);

    /// <summary>The whole file, whatever part was requested.</summary>
    public static LoopbackReply Whole(byte[] body) => Head($"200 OK\r\nContent-Length: {body.Length}", body);

    /// <summary>A body whose length only the end of the connection shows.</summary>
    public static LoopbackReply Unannounced(byte[] body) => Head("200 OK", body);

    public static LoopbackReply Status(int code, string reason) => Head($"{code} {reason}\r\nContent-Length: 0", []);

    public static LoopbackReply Redirect(string to) => Head($"302 Found\r\nContent-Length: 0\r\nLocation: {to}", []);

    public static LoopbackReply Head(string head, byte[] body) => (_, connection, token) => SendAsync(connection, head, body, token);

    /// <summary>Promises the rest of the file, sends the next <paramref name="count"/> bytes and hangs up.</summary>
    public static LoopbackReply CutAfter(byte[] body, int count) => (request, connection, token) =>
    {
        int start = (int)(request.RangeStart ?? 0);
        string head = start == 0 ? "200 OK" : $"206 Partial Content\r\nContent-Range: bytes {start}-{body.Length - 1}/{body.Length}";
        return SendAsync(connection, $"{head}\r\nContent-Length: {body.Length - start}", body[start..(start + count)], token);
    };

    /// <summary>Sends the first <paramref name="count"/> bytes and then nothing, until the client hangs up or the test ends.</summary>
    public static LoopbackReply StallAfter(byte[] body, int count, Action? whileStalled = null) => async (_, connection, token) =>
    {
        await SendAsync(connection, $"200 OK\r\nContent-Length: {body.Length}", body[..count], token);
        Task<int> hangUp = connection.ReadAsync(new byte[1], token).AsTask();
        while (await Task.WhenAny(hangUp, Task.Delay(TimeSpan.FromMilliseconds(5), token)) != hangUp)
            whileStalled?.Invoke();
        await hangUp;
    };

    private static async Task SendAsync(Stream connection, string head, byte[] body, CancellationToken token)
    {
        await connection.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n"), token);
        await connection.WriteAsync(body, token);
        await connection.FlushAsync(token);
    }
}
