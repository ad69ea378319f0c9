namespace RaftLog.Metadata;

/// <summary>Where a node listens.</summary>
/// <param name="Listener">The listener's name.</param>
/// <param name="Host">The advertised host.</param>
/// <param name="Port">The advertised port.</param>
/// <param name="SecurityProtocol">0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.</param>
public readonly record struct Endpoint(string Listener, string Host, ushort Port, short SecurityProtocol);

/// <summary>The levels of a feature that a node can run at (KIP-584).</summary>
/// <param name="Name">The feature.</param>
/// <param name="Lowest">The lowest level.</param>
/// <param name="Highest">The highest level.</param>
public readonly record struct SupportedFeature(string Name, short Lowest, short Highest)
{
    /// <summary>True when the node can run at a level.</summary>
    public bool Supports(short level) => level >= Lowest && level <= Highest;
}
