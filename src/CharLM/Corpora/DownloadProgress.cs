namespace CharLM.Corpora;

/// <summary>How far a download is; reported from the thread that reads, so a receiver is quick and does not post.</summary>
/// <param name="Corpus">The corpus's name.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="BytesReceived">Bytes on disk, those of an earlier, interrupted download included.</param>
/// <param name="TotalBytes">Bytes of the whole corpus.</param>
public sealed record DownloadProgress(string Corpus, string Source, long BytesReceived, long TotalBytes);
