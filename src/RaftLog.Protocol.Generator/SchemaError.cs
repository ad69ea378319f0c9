namespace RaftLog.Protocol.Generator;

/// <summary>A mistake in a schema file.</summary>
internal readonly struct SchemaError
{
    public SchemaError(int line, string message)
    {
        Line = line;
        Message = message;
    }

    /// <summary>The line, from 0.</summary>
    public int Line { get; }

    public string Message { get; }
}
