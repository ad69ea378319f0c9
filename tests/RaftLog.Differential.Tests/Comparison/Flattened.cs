using System.Collections;
using System.Globalization;
using System.Reflection;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;

namespace RaftLog.Differential.Tests.Comparison;

/// <summary>
/// A response as lines of path and value. Elements of arrays are named by what they are about (a topic's name, a partition's index), not by
/// their place, since the order of most arrays means nothing.
/// </summary>
internal sealed class Flattened
{
    /// <summary>The value of a path that a response has, where it is a structure.</summary>
    public const string Present = "<there>";

    /// <summary>The fields that name an element, the first that it has.</summary>
    private static readonly string[] Names =
    [
        "Name",
        "TopicName",
        "Topic",
        "ResourceName",
        "Key",
        "PartitionIndex",
        "PartitionId",
        "Partition",
        "Index",
        "BrokerId",
        "NodeId",
        "ReplicaId",
        "ApiKey",
        "TopicId",
    ];

    private readonly Peer _peer;
    private readonly Normalisation _normalisation;

    private Flattened(Peer peer, Normalisation normalisation)
    {
        _peer = peer;
        _normalisation = normalisation;
    }

    /// <summary>The lines, in the order of their paths.</summary>
    public SortedDictionary<string, string> Lines { get; } = new(StringComparer.Ordinal);

    /// <summary>Flattens a response.</summary>
    public static Flattened Of(object response, Peer peer, Normalisation normalisation)
    {
        Flattened flattened = new(peer, normalisation);
        flattened.AddFields("", response);
        return flattened;
    }

    private void AddFields(string path, object structure)
    {
        foreach (PropertyInfo property in structure.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetIndexParameters().Length == 0 && property.CanWrite)
            {
                string inner = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
                Add(inner, property.Name, property.GetValue(structure));
            }
        }
    }

    private void Add(string path, string field, object? value)
    {
        if (_normalisation.TryReplace(field, value, _peer, out string? replaced))
        {
            Lines[path] = replaced;
            return;
        }

        switch (value)
        {
            case null:
                Lines[path] = "null";
                break;
            case Memory<byte> bytes:
                Lines[path] = $"{bytes.Length} bytes {Convert.ToHexString(bytes.Span)}";
                break;
            case IList list:
                AddElements(path, field, list);
                break;
            case string or bool or Enum or IFormattable:
                Lines[path] = Convert.ToString(value, CultureInfo.InvariantCulture)!;
                break;
            default:
                if (value.GetType().IsValueType)
                {
                    Lines[path] = value.ToString()!;
                    break;
                }

                Lines[path] = Present;
                AddFields(path, value);
                break;
        }
    }

    private void AddElements(string path, string field, IList list)
    {
        Lines[path] = list.Count == 0 ? "empty" : "elements";
        for (int i = 0; i < list.Count; i++)
        {
            object? element = list[i];
            string name = element is null || element.GetType().IsValueType || element is string ? $"{i}" : NameOf(element, i);
            string inner = $"{path}[{name}]";
            while (Lines.ContainsKey(inner))
            {
                inner += "'";
            }

            Add(inner, field, element);
        }
    }

    private string NameOf(object element, int position)
    {
        foreach (string name in Names)
        {
            object? value = element.GetType().GetProperty(name)?.GetValue(element);
            if (value is Uuid id)
            {
                return id == Uuid.Zero ? $"{position}" : _peer.TopicName(id) ?? $"{position}";
            }

            if (value is not null and not "")
            {
                return Convert.ToString(value, CultureInfo.InvariantCulture)!;
            }
        }

        return $"{position}";
    }
}
