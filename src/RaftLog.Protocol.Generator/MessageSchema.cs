using System.Collections.Generic;

namespace RaftLog.Protocol.Generator;

internal enum MessageKind
{
    Request,
    Response,
    Record,
    Data,
}

/// <summary>The head of a schema file: what the tables need to know of a message.</summary>
internal sealed record MessageHead(MessageKind Kind, string BaseName, int Key, int Lowest, int Highest, int FirstFlexible, bool IsReused)
{
    public VersionRange Versions => new(Lowest, Highest);

    public VersionRange FlexibleVersions => new VersionRange(FirstFlexible, VersionRange.Unbounded - 1).Intersect(Versions);

    public string ClassName =>
        Kind switch
        {
            MessageKind.Request => BaseName + "Request",
            MessageKind.Response => BaseName + "Response",
            MessageKind.Record => BaseName + "Record",
            _ => BaseName,
        };

    public string Namespace => Kind == MessageKind.Record ? "RaftLog.Protocol.Metadata" : "RaftLog.Protocol.Messages";
}

/// <summary>One schema file.</summary>
internal sealed class MessageSchema
{
    public MessageSchema(MessageHead head, StructureSchema body, List<StructureSchema> structures)
    {
        Head = head;
        Body = body;
        Structures = structures;
    }

    public MessageHead Head { get; }

    /// <summary>The message's own fields.</summary>
    public StructureSchema Body { get; }

    /// <summary>The structures below it, in the order of the file.</summary>
    public List<StructureSchema> Structures { get; }
}

/// <summary>Fields that stand together.</summary>
internal sealed class StructureSchema
{
    public StructureSchema(string name, string doc, int line)
    {
        Name = name;
        Doc = doc;
        Line = line;
    }

    public string Name { get; }

    public string Doc { get; }

    public int Line { get; }

    public List<FieldSchema> Fields { get; } = new();

    /// <summary>True when a tagged field holds this structure, so that it must know whether it is worth writing.</summary>
    public bool IsCompared { get; set; }
}

/// <summary>One field.</summary>
internal sealed class FieldSchema
{
    public FieldSchema(string name, int line, bool isArray, string typeName)
    {
        Name = name;
        Line = line;
        IsArray = isArray;
        TypeName = typeName;
        Scalar = Scalar.Find(typeName);
    }

    public string Name { get; }

    public int Line { get; }

    public bool IsArray { get; }

    /// <summary>The type, or an array's element type, as the schema names it.</summary>
    public string TypeName { get; }

    /// <summary>The type when it is no structure.</summary>
    public Scalar? Scalar { get; }

    /// <summary>The type when it is a structure.</summary>
    public StructureSchema? Structure { get; set; }

    public VersionRange Versions { get; set; } = new(0, VersionRange.Unbounded);

    public VersionRange Nullable { get; set; } = VersionRange.None;

    public VersionRange Tagged { get; set; } = VersionRange.None;

    public int Tag { get; set; } = -1;

    /// <summary>What stands behind <c>default</c>, or null.</summary>
    public string? Default { get; set; }

    public string Doc { get; set; } = "";

    public bool IsNullable => !Nullable.IsEmpty;

    public bool CanBeNull => IsArray || Structure is not null || Scalar is { HasLength: true };

    /// <summary>True when a new instance has null here. Record sets that may be null begin as null, as in Kafka.</summary>
    public bool DefaultsToNull => IsNullable && (Default == "null" || (Default is null && !IsArray && TypeName == "records"));
}
