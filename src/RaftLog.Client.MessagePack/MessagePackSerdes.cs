using System.Diagnostics.CodeAnalysis;
using MessagePack;
using RaftLog.Client.Serialization;

namespace RaftLog.Client.MessagePack;

/// <summary>Keys and values as MessagePack.</summary>
public static class MessagePackSerdes
{
    private const string Emits =
        "MessagePack 2.5 emits code for each type at run time; use Serdes.Json with a JsonSerializerContext instead";

    /// <summary>A form as MessagePack.</summary>
    /// <param name="options">
    /// Resolvers, compression and security; null for the standard ones with <see cref="MessagePackSecurity.UntrustedData"/>, as bytes in a
    /// topic come from anyone who may write to it.
    /// </param>
    [RequiresDynamicCode(Emits)]
    [RequiresUnreferencedCode(Emits)]
    public static ISerde<T> For<T>(MessagePackSerializerOptions? options = null) =>
        new MessagePackSerde<T>(options ?? MessagePackSerializerOptions.Standard.WithSecurity(MessagePackSecurity.UntrustedData));
}
