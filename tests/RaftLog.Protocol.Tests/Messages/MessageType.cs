using System.Reflection;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Tests.Messages;

/// <summary>A message class found by reflection, so that nobody can add a message or a version and forget its golden frame.</summary>
internal sealed record MessageType(string Name, Type Class, short Lowest, short Highest)
{
    /// <summary>Every message that the schemas describe.</summary>
    public static IReadOnlyList<MessageType> All { get; } = Find();

    public IEnumerable<short> Versions => Enumerable.Range(Lowest, Highest - Lowest + 1).Select(version => (short)version);

    public IMessage New() => (IMessage)Activator.CreateInstance(Class)!;

    public override string ToString() => Name;

    private static List<MessageType> Find() =>
        typeof(IVersionedMessage)
            .Assembly.GetTypes()
            .Where(type => type.IsClass && type.IsAssignableTo(typeof(IVersionedMessage)))
            .Select(type => new MessageType(
                (string)Static(type, nameof(IVersionedMessage.MessageName)),
                type,
                (short)Static(type, nameof(IVersionedMessage.LowestVersion)),
                (short)Static(type, nameof(IVersionedMessage.HighestVersion))
            ))
            .OrderBy(type => type.Name, StringComparer.Ordinal)
            .ToList();

    private static object Static(Type type, string name) =>
        type.GetProperty(name, BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
}
