namespace CharLM.Corpora;

/// <summary>Why a text cannot be used.</summary>
public enum CorpusFileFault
{
    /// <summary>Nothing lies at the path.</summary>
    Missing,

    /// <summary>A directory lies at the path.</summary>
    Directory,

    /// <summary>There is no text in it.</summary>
    Empty,

    /// <summary>Its bytes are no UTF-8; <see cref="CorpusFileException.ByteOffset"/> says where.</summary>
    NotUtf8,

    /// <summary>It is longer than <see cref="CorpusSettings.MaxTextBytes"/>.</summary>
    TooLarge,

    /// <summary>It cannot be read: permissions, or the device.</summary>
    Unreadable,

    /// <summary>It changed between its verification and its use.</summary>
    Changed,
}
